//! How a context reaches WeChat Pay.

/// Who signs requests: a service provider for its brands, a brand itself, or a hub for its tills.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// 服务商模式
    #[default]
    Partner,
    /// 品牌直连
    Brand,
    /// A till of a hub. It has no key of the merchant's.
    Till,
}
