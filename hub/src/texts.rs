//! What people read at the prompt, in both languages.

use crate::language::Text;

macro_rules! texts {
    ($($name:ident = $en:literal, $zh:literal;)*) => {
        $(pub const $name: Text = Text { en: $en, zh: $zh };)*
        #[cfg(test)]
        const ALL: &[(&str, Text)] = &[$((stringify!($name), $name)),*];
    };
}

texts! {
    ABOUT = "The service between the tills of a chain and WeChat Pay. Without a command it serves.",
        "连锁门店收银机与微信支付之间的服务程序；不带命令即开始服务。";
    CONFIG = "the configuration; without it, hub.toml in this folder", "配置文件；未指定时读取当前目录的 hub.toml";
    LANG = "zh or en", "语言：zh 或 en";
    HELP = "Shows this help", "显示帮助";
    VERSION = "Shows the version", "显示版本";
    CHECK = "Reads and checks the configuration, and opens nothing", "只读取并检查配置，不打开任何资源";
    TILL = "Tills and their keys", "管理收银机及其密钥";
    ADD = "Adds a till, and shows its one-time code", "新增收银机，并显示一次性激活码";
    LIST = "Lists the tills: name, state, generations of keys, last seen, from where",
        "列出收银机：名称、状态、密钥代次、最近通信时间、来源地址";
    ROTATE = "Shows a code for a new key; the old one is good for a day more", "生成新密钥的激活码；旧密钥仍可使用一天";
    REVOKE = "Stops a till at once", "立即停用收银机";
    NAME = "the till's name: 1 to 40 of 0-9 A-Z a-z _ - .", "收银机名称：1 到 40 个 0-9 A-Z a-z _ - . 字符";
    REKEY = "Seals every key under a new master key", "用新的主密钥重新加密所有密钥";
    REKEY_NEW = "where the new master key goes, if not in the place of the old one", "新主密钥的文件；未指定时替换旧文件";
    NEW_MASTER_KEY = "Makes a master key in a new file", "在新文件中生成主密钥";
    FILE = "the file", "文件";
    OPENAPI = "Prints the description of what tills can call", "输出收银机可调用接口的说明";
    WRONG_NAME = "{till} is no name of a till: 1 to 40 of 0-9 A-Z a-z _ - .", "{till} 不是合法的收银机名称：1 到 40 个 0-9 A-Z a-z _ - . 字符";
    THERE_ALREADY = "{till} is there already; till rotate gives it a new key", "{till} 已存在；如需新密钥请用 till rotate";
    NO_SUCH_TILL = "there is no till {till}; one that was revoked comes back by till add", "没有收银机 {till}；已停用的收银机用 till add 恢复";
    CODE = "Till {till}, code {code}\nGood once, for 15 minutes. Whoever has the code gets the till's key.",
        "收银机 {till}，激活码 {code}\n仅可使用一次，15 分钟内有效。持有激活码即可取得该收银机的密钥，请勿外泄。";
    IS_REVOKED = "revoked {time}", "已停用 {time}";
    HAS_CODE = "code until {time}", "激活码有效至 {time}";
    HAS_NO_KEY = "no key", "无密钥";
    IS_GOOD = "active", "正常";
    NOW_REVOKED = "{till} is revoked: nothing of it is accepted any more", "{till} 已停用，不再接受其任何请求";
    WHERE_TO = "master_key is a credential: --new FILE says where the new key goes", "主密钥来自 systemd 凭据：请用 --new FILE 指定新密钥的文件";
    KEPT = "the new key is in {file}, and may be needed", "新密钥在 {file} 中，可能仍需使用";
    REKEYED = "{count} keys are sealed anew; the master key is in {file}", "已重新加密 {count} 个密钥；主密钥在 {file}";
    MADE = "made {file}", "已生成 {file}";
    FINE = "the configuration is in order", "配置正确";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_text_is_there_in_both_languages() {
        let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4E00}'..='\u{9FFF}').contains(&letter));
        let places = |text: &'static str| -> BTreeSet<&str> {
            text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
        };
        for (name, Text { en, zh }) in ALL {
            assert!(is_chinese(zh) && !is_chinese(en) && !en.is_empty(), "{name}");
            assert_eq!(places(en), places(zh), "{name}");
        }
    }
}
