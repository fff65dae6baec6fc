//! `include/wxcoupon.json`: the C surface for programs. `tests/c_boundary/header` writes it; every test that needs to know a
//! function, a parameter or a number reads it here.

#![allow(missing_docs, reason = "docs/binding.md describes the members")]

use super::root;
use serde::{Deserialize, Serialize};

/// Where it stands.
const FILE: &str = "include/wxcoupon.json";

/// The whole file. docs/binding.md describes its members.
#[derive(Debug, Serialize, Deserialize)]
pub struct Contract {
    pub about: String,
    pub version: String,
    pub version_number: i32,
    pub abi_version: i32,
    pub classes: Vec<Constant>,
    pub statuses: Vec<Status>,
    pub log_levels: Vec<Constant>,
    pub handles: Vec<Handle>,
    pub callbacks: Vec<Callback>,
    pub functions: Vec<Function>,
    pub operations: Vec<Operation>,
    pub example: Vec<String>,
}

/// A constant.
#[derive(Debug, Serialize, Deserialize)]
pub struct Constant {
    pub name: String,
    pub number: i32,
    pub text: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Status {
    pub name: String,
    pub number: i32,
    pub class: i32,
    pub text: String,
    pub hint: String,
    pub cashier: String,
}

/// An opaque type; handles are pointers to it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Handle {
    pub name: String,
    pub text: String,
}

/// A function of the program that the library calls.
#[derive(Debug, Serialize, Deserialize)]
pub struct Callback {
    pub name: String,
    pub text: String,
    pub parameters: Vec<Typed>,
    pub returns: Type,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub section: String,
    pub text: Vec<String>,
    pub parameters: Vec<Parameter>,
    pub returns: Returned,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owns: Option<String>,
    pub threads: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Parameter {
    #[serde(flatten)]
    pub typed: Typed,
    pub text: String,
}

/// A name and what it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct Typed {
    pub name: String,
    #[serde(flatten)]
    pub of: Type,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Returned {
    #[serde(flatten)]
    pub of: Type,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A type in C, and what stands behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Type {
    #[serde(rename = "type")]
    pub c: String,
    pub kind: Kind,
}

/// What crosses the boundary. C says the same of a text and of memory to be filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No result.
    None,
    Int32,
    Uint32,
    /// A handle, as wide as a pointer.
    Handle,
    /// Where the library writes a handle.
    HandleOut,
    /// Text of the caller's or of the library's, ended by NUL.
    Text,
    /// A text that belongs to a handle and changes with it.
    BorrowedText,
    /// Bytes that another parameter counts.
    Bytes,
    /// Where the library writes bytes, a NUL at their end.
    TextOut,
    /// Where the library writes 16-bit units, a NUL at their end.
    Utf16Out,
    Callback,
    /// Handed to the callback as it is.
    UserData,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Operation {
    pub name: String,
    pub title: String,
    pub writes: bool,
    /// The member that is the request's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_no_member: Option<String>,
    pub method: String,
    /// Path for a service provider.
    pub partner: String,
    /// Path for a brand that signs for itself, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
}

impl Contract {
    /// The file as it is checked in.
    pub fn read() -> Self {
        serde_json::from_str(&std::fs::read_to_string(root().join(FILE)).unwrap()).unwrap()
    }

    /// Names and values of all numbers that stand for something, in the order of the header.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, i32)> {
        std::iter::once(("WXCOUPON_ABI_VERSION", self.abi_version))
            .chain(self.classes.iter().map(|class| (class.name.as_str(), class.number)))
            .chain(self.statuses.iter().map(|status| (status.name.as_str(), status.number)))
            .chain(self.log_levels.iter().map(|level| (level.name.as_str(), level.number)))
    }
}

impl Function {
    /// Its prototype in C on one line, without `;`.
    pub fn prototype(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(|parameter| parameter.typed.c()).collect();
        let parameters = if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
        format!("{}({parameters})", declared(&self.returns.of.c, &self.name))
    }
}

impl Typed {
    /// As C declares it.
    pub fn c(&self) -> String {
        declared(&self.of.c, &self.name)
    }
}

fn declared(c_type: &str, name: &str) -> String {
    let space = if c_type.ends_with('*') { "" } else { " " };
    format!("{c_type}{space}{name}")
}
