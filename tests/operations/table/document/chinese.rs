//! The page in Chinese.

use super::{Ends, Words, names};
use wxcoupon::api::{Combination, Place, Presence, Rule};

pub struct Chinese;

const INTRODUCTION: &str = "# 接口

[English](../api.md)

每个接口都用 `wxcoupon_call` 按名称调用，也都可以放到后台任务里执行。`use`、`query`、`list`、`return`、`send`、`confirm`、`deactivate`
另有同名函数。入参是一个平铺的 JSON 对象：路径参数、查询参数和请求体的字段并排写在一起。表里没有的字段原样转发。本页由库里的接口表自动生成。

服务商的路径以 `/v3/marketing/partner/product-coupon` 开头；品牌直连的路径以 `/brand/marketing/product-coupon` 开头，
请求里不带 `brand_id`。商家券（`busifavor_…`）的路径以 `/v3/marketing/busifavor` 开头，用于商户和服务商，品牌直连没有：[busifavor.md](busifavor.md)。

“有默认值”表示不传时取配置里的 `defaults`；“默认当前时间”表示不传时由库填入当前时间。“文档”是 pay.weixin.qq.com/doc/v3/partner/
下的页码；有些管理类接口的官方页面读不到，规则取自第三方镜像的字段列表。

“名称”是一段文本，不能有控制字符、首尾空格、不换行空格等特殊空白、不可见字符和全角字符：扫码枪、表格软件和输入法会带进这些字符，
而微信支付按这样的名称什么也查不到。报错时会指出是第几个字符。其他字符都可以用。

“不发送”的字段随请求保存：应答丢失后查询要用，或者用来与应答比对。

**应答丢失时**，库用同一单号原样重发。“重发”表示重发即可查清；“重发、查券”和“重发、查列表”表示重发被拒绝时还会去那里（同一种券的查询）找这个单号；“再做一次”
表示请求没有单号，只说明要变成什么样：一次调用之内库会自动再发，如果最后仍是分类 4，照原样再调用一次即可。
";

impl Words for Chinese {
    fn introduction(&self) -> &'static str {
        INTRODUCTION
    }

    fn operations(&self) -> &'static str {
        "| 接口 | | 应答丢失时 |"
    }

    fn members(&self) -> &'static str {
        "| 字段 | 位置 | | 规则 |"
    }

    fn place(&self, place: Place) -> &'static str {
        match place {
            Place::Path => "路径",
            Place::Query => "查询参数",
            Place::Body => "请求体",
            Place::Meta => "meta",
            Place::Unsent => "不发送",
            Place::File => "文件",
        }
    }

    fn presence(&self, presence: Presence) -> &'static str {
        match presence {
            Presence::Required => "必填",
            Presence::Optional => "选填",
            Presence::RequiredOrDefault => "必填，有默认值",
            Presence::OptionalOrDefault => "选填，有默认值",
            Presence::RequiredOrNow => "必填，默认当前时间",
        }
    }

    fn rule(&self, rule: &Rule) -> String {
        match rule {
            Rule::Text => "文本".into(),
            Rule::TextUpTo(longest) => format!("文本，最多 {longest} 个字符"),
            Rule::Name => "名称".into(),
            Rule::NameUpTo(longest) => format!("名称，最多 {longest} 个字符"),
            Rule::Number(least, most) | Rule::Chars(least, most) => {
                format!("{least} 到 {most} 个 `0-9 A-Z a-z _ -`")
            }
            Rule::Length(least, most) => format!("文本，{least} 到 {most} 个字符"),
            Rule::Time => "RFC 3339，带秒和时区".into(),
            Rule::Moment => "RFC 3339，带时区".into(),
            Rule::Whole => "整数，不小于 0".into(),
            Rule::Between(least, most) => format!("整数，{least} 到 {most}"),
            Rule::Flag => "true 或 false".into(),
            Rule::OneOf(values) => {
                let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
                format!("{}，或以后新增的取值", values.join("、"))
            }
            Rule::Url(longest) => format!("`https` 地址，不带参数，最多 {longest} 个字符"),
            Rule::ImageName => ".jpg、.jpeg 或 .png 文件名".into(),
            Rule::List(item, longest) => match item {
                Rule::Object(..) => format!("列表，1 到 {longest} 个对象"),
                item => format!("列表，1 到 {longest} 项：{}", self.rule(item)),
            },
            Rule::Object(..) => "对象".into(),
        }
    }

    fn combination(&self, rule: &Combination, name: &dyn Fn(&str) -> String) -> String {
        match rule {
            Combination::ExactlyOne(list) => format!("{} 必须且只能有一个", names(list, "、", name)),
            Combination::AtLeastOne(list) => format!("{} 至少有一个", names(list, "、", name)),
            Combination::Needs(this, that) => format!("有 {} 就要有 {}", name(this), name(that)),
            Combination::Excludes(this, that) => {
                format!("{} 与 {} 不能同时有", name(this), name(that))
            }
            Combination::NeedsWhen { member, is, at } => {
                format!("{} 为 `{is}` 时要有 {}", name(member), name(&at[1..].replace('/', ".")))
            }
            Combination::ForbidsWhen { member, is, at } => {
                format!("{} 为 `{is}` 时不能有 {}", name(member), name(&at[1..].replace('/', ".")))
            }
            Combination::NotBoth([(this, value), (that, other)]) => {
                format!("{} `{value}` 与 {} `{other}` 不能同时有", name(this), name(that))
            }
            Combination::Before(begin, end) => format!("{} 早于 {}", name(begin), name(end)),
            Combination::WithinAYear(begin, end) => {
                format!("从 {} 到 {} 最长一年", name(begin), name(end))
            }
            Combination::Apart(list) => format!("{} 里的各段时间不能重叠", name(list)),
        }
    }

    fn ends(&self, ends: &Ends) -> &'static str {
        match ends {
            Ends::Question => "只是查询：分类 3，不会存疑",
            Ends::ByRepeatOfTheDay => "重发；以后再调用会重新请求",
            Ends::ByRepeat => "重发",
            Ends::ByList => "重发、查列表",
            Ends::ByQuery => "重发、查券",
            Ends::Again => "再做一次",
        }
    }

    fn line(&self, title: &str, call: &str, number: Option<&str>, source: &str) -> String {
        let number = number.map(|number| format!("，单号字段 `{number}`")).unwrap_or_default();
        let source = source.replace("field list of ", "第三方字段列表 ").replace(", ", "、");
        format!("{title}。{call}{number}。文档 {source}。")
    }

    fn together(&self, rules: &[String]) -> String {
        format!("字段之间：{}。", rules.join("；"))
    }
}
