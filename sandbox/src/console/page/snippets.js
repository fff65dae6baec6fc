// Redeeming SBX_EFFECTIVE_1 with this sandbox, in each language; longer tills are in the library's `bindings` and `examples-c`.

const REQUEST = {
  openid: 'oSandboxUser0000000000000001',
  coupon_code: 'SBX_EFFECTIVE_1',
  product_coupon_id: '1000000013',
  stock_id: '1000000013001',
  out_request_no: 'SALE_20250803_0001',
  associated_order_info: { transaction_id: '4200002812202508031234567890' },
};

const JSON_TEXT = JSON.stringify(REQUEST);
// In double quotes, as C, Java and C# write them.
const IN_C = JSON.stringify(JSON_TEXT);
const PRETTY = (indent) => JSON.stringify(REQUEST, null, 4).replaceAll('\n', `\n${indent}`);

const TEXTS = {
  C: () => `#include <stdio.h>
#include "wxcoupon.h"

/* cc till.c -lwxcoupon -o till && ./till "$(cat {config})" */
int main(int argc, char **argv)
{
    const char *request = ${IN_C};
    wxcoupon_ctx *ctx = NULL;
    wxcoupon_buf *buf = wxcoupon_buf_new();
    int32_t status = argc == 2 ? wxcoupon_ctx_new(argv[1], &ctx, buf) : WXCOUPON_E_NULL;

    if (status == WXCOUPON_OK)
        status = wxcoupon_use(ctx, request, buf);
    printf("%s\\n%s\\n", wxcoupon_status_text(status), wxcoupon_buf_data(buf));
    wxcoupon_ctx_free(ctx);
    wxcoupon_buf_free(buf);
    return wxcoupon_status_class(status);  /* {classes} */
}`,
  'C++': () => `#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include "wxcoupon.hpp"

int main()
{
    std::ifstream file("{config}");
    const std::string config((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    wxcoupon::Context till;
    wxcoupon::Result opened = till.open(config.c_str());
    wxcoupon::Result redeemed = till.use(
        ${IN_C});
    std::puts(redeemed.json());
    if (redeemed.status_class() == WXCOUPON_CLASS_IN_DOUBT)
        std::puts("{in_doubt}settle");
    return opened.status_class() != 0 ? opened.status_class() : redeemed.status_class();
}`,
  Python: () => `import wxcoupon

with wxcoupon.Context.from_file(r"{config}") as till:
    try:
        print(till.use(${PRETTY('        ')}).data["coupon_state"])
    except wxcoupon.InDoubt:
        print("{in_doubt}till.settle()")
    except wxcoupon.Refused as no:
        print(no.answer["cashier"])`,
  'C#': () => `using System;
using System.IO;

static class Program
{
    static void Main()
    {
        using (var till = new WxCoupon.Context(File.ReadAllText(@"{config}")))
        {
            try { Console.WriteLine(till.Use(${IN_C})); }
            catch (WxCoupon.InDoubtException) { Console.WriteLine("{in_doubt}till.Settle(null)"); }
            catch (WxCoupon.RefusedException no) { Console.WriteLine(no.Answer); }
        }
    }
}`,
  Delphi: () => `uses SysUtils, Classes, WxCoupon;

var
  Config: TStringList;
  Till: TWxContext;
begin
  Config := TStringList.Create;
  Config.LoadFromFile('{config}');
  Till := TWxContext.Create(Config.Text);
  try
    WriteLn(Till.Use('${JSON_TEXT}'));
  except
    on EWxInDoubt do WriteLn('{in_doubt}Till.Settle('''')');
    on No: EWxRefused do WriteLn(No.Answer);
  end;
end.`,
  'VB 6': () => `' {vb6}
Private Sub Form_Load()
    WxLoad App.Path & "\\wxcoupon.dll"
    OpenTill "{config}"
    MsgBox Redeem(RedemptionOf("${REQUEST.coupon_code}", "${REQUEST.out_request_no}", "${REQUEST.associated_order_info.transaction_id}"))
    MsgBox SettleEverything
    CloseTill
End Sub`,
  PowerBuilder: () => `// {powerbuilder}
n_till ln_till

ln_till = CREATE n_till
IF ln_till.of_open(ls_config) = 0 THEN
	MessageBox("wxcoupon", ln_till.of_redeem(ln_till.of_redemption("${REQUEST.coupon_code}", &
		"${REQUEST.out_request_no}", "${REQUEST.associated_order_info.transaction_id}")))
ELSE
	MessageBox("wxcoupon", ln_till.of_answer())
END IF
ln_till.of_close()`,
  易语言: () => `.版本 2

' 先粘贴 dll.txt、constants.txt 与 till.txt；配置文件存为 GBK，并加上 "text_encoding":"gbk"。
.子程序 _按钮1_被单击

信息框 (立即核销 (核销请求 (“${REQUEST.coupon_code}”, “${REQUEST.out_request_no}”, “${REQUEST.associated_order_info.transaction_id}”)), 0, , )
信息框 (查明全部 (), 0, , )`,
  Java: () => `import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import wxcoupon.WxCoupon;

public final class Till {
    public static void main(String[] arguments) throws Exception {
        byte[] config = Files.readAllBytes(Paths.get("{config}"));
        try (WxCoupon.Context till = new WxCoupon.Context(new String(config, StandardCharsets.UTF_8))) {
            System.out.println(till.use(
                ${IN_C}));
        } catch (WxCoupon.InDoubt unknown) {
            System.out.println("{in_doubt}till.settle(null)");
        } catch (WxCoupon.Refused no) {
            System.out.println(no.answer);
        }
    }
}`,
  'Node.js': () => `const fs = require("node:fs");
const wxcoupon = require("wxcoupon");

const till = new wxcoupon.Context(fs.readFileSync("{config}", "utf8"));
try {
  console.log(till.use(${PRETTY('  ')}).data.coupon_state);
} catch (error) {
  if (error instanceof wxcoupon.InDoubt) console.log("{in_doubt}till.settle()");
  else if (error instanceof wxcoupon.Refused) console.log(error.answer.cashier);
  else throw error;
} finally {
  till.close();
}`,
  Lua: () => `local wxcoupon = require("wxcoupon")

local file = assert(io.open("{config}", "rb"))
local till = wxcoupon.new(file:read("*a"))
file:close()
local redeemed, answer = pcall(till.use, till, [[${JSON_TEXT}]])
if redeemed then
    print(answer)
elseif answer.class == "IN_DOUBT" then
    print("{in_doubt}till:settle()")
else
    print(answer.text)
end
till:close()`,
};

export const LANGUAGES = Object.keys(TEXTS);

// What they say to people.
const REMARKS = {
  en: {
    classes: '0 redeemed, 4 not yet known: settle, 5 refused',
    in_doubt: 'not yet known: keep the sale open, and ',
    vb6: 'WxCoupon.bas and Till.bas belong to the project.',
    powerbuilder: 'n_wxcoupon and n_till belong to the library list. The text of config.json is in ls_config.',
  },
  zh: {
    classes: '0 已核销，4 存疑：须查明（settle），5 被拒绝',
    in_doubt: '存疑：先不要结单，稍后查明：',
    vb6: '工程里须有 WxCoupon.bas 和 Till.bas。',
    powerbuilder: '库列表里须有 n_wxcoupon 和 n_till；ls_config 是 config.json 的内容。',
  },
};

// `spoken` is the language of those remarks.
export function snippet(language, about, spoken) {
  const remarks = Object.entries({ ...REMARKS[spoken], config: about.config });
  return remarks.reduce((text, [name, words]) => text.replaceAll(`{${name}}`, words), TEXTS[language]());
}
