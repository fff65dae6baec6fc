//! What cbindgen wrote, taken apart: a comment and the declaration under it.

/// One macro, type or function.
pub struct Item {
    /// Lines of the doc comment, as they stand in the source.
    pub comment: Vec<String>,
    /// The declaration on one line.
    pub declaration: String,
}

/// What a declaration declares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `#define NAME value`
    Macro,
    /// `typedef …;`
    Type,
    /// Anything else: a prototype.
    Function,
}

impl Item {
    /// What it declares.
    pub fn kind(&self) -> Kind {
        match self.declaration.split(' ').next() {
            Some("#define") => Kind::Macro,
            Some("typedef") => Kind::Type,
            _ => Kind::Function,
        }
    }

    /// The declared name.
    pub fn name(&self) -> &str {
        let text = self.declaration.as_str();
        let found = match self.kind() {
            Kind::Macro => text.split(' ').nth(1),
            Kind::Type => match text.split_once("(*") {
                Some((_, rest)) => rest.split(')').next(),
                None => text.trim_end_matches(';').rsplit(' ').next(),
            },
            Kind::Function => text.split('(').next().and_then(|head| head.rsplit([' ', '*']).next()),
        };
        found.unwrap_or_else(|| panic!("no name in: {text}"))
    }

    /// A macro's number, if it is one.
    pub fn number(&self) -> Option<i32> {
        self.declaration.rsplit(' ').next()?.parse().ok()
    }

    /// Types and names of a function's parameters, or of a callback's.
    pub fn typed(&self) -> Vec<(&str, &str)> {
        let (_, inner) = self.declaration.rsplit_once('(').unwrap_or_default();
        let parameters = inner.trim_end_matches([')', ';']).split(", ");
        parameters.filter(|parameter| !matches!(*parameter, "" | "void")).map(apart).collect()
    }

    /// Names of a function's parameters.
    pub fn parameters(&self) -> Vec<&str> {
        self.typed().into_iter().map(|(_, name)| name).collect()
    }

    /// Type of a function's result, or of a callback's.
    pub fn result(&self) -> &str {
        let (head, _) = self.declaration.split_once('(').unwrap_or_default();
        match self.kind() {
            Kind::Type => head.trim_start_matches("typedef ").trim(),
            _ => apart(head).0,
        }
    }

    /// Whether a function answers nothing.
    pub fn is_void(&self) -> bool {
        self.result() == "void"
    }
}

/// `TYPE NAME` or `TYPE *NAME`.
fn apart(declared: &str) -> (&str, &str) {
    let (before, name) = declared.split_at(declared.rfind([' ', '*']).map_or(0, |at| at + 1));
    (before.trim_end(), name)
}

/// Takes cbindgen's output apart. Comments stand between lines of `/*` and ` */`.
pub fn parse(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(first) = lines.by_ref().find(|line| !line.is_empty()) {
        let mut comment = Vec::new();
        let mut declaration = first.to_owned();
        if first == "/*" {
            comment = lines.by_ref().take_while(|line| *line != "*/").map(str::to_owned).collect();
            lines.next().unwrap_or_default().clone_into(&mut declaration);
        }
        // A constant that cbindgen cannot write leaves its place empty.
        if declaration.is_empty() {
            continue;
        }
        while !declaration.starts_with("#define") && !declaration.ends_with(';') {
            let next = lines.next().unwrap_or_else(|| panic!("unfinished declaration: {declaration}"));
            declaration = format!("{declaration} {next}");
        }
        let item = Item { comment, declaration };
        // Public constants of the library's own may live in the same files.
        if item.kind() != Kind::Macro || item.name().starts_with("WXCOUPON_") {
            items.push(item);
        }
    }
    items
}
