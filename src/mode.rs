//! The two modes of the API.

/// Who signs requests: a service provider for its brands, or a brand itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// 服务商模式
    #[default]
    Partner,
    /// 品牌直连
    Brand,
}
