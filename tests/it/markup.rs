//! Whether a document is well-formed: a reader of tags that knows as much of XML and HTML as the tests need.

/// Elements of HTML that have no end.
const VOID: [&str; 4] = ["meta", "link", "br", "input"];

/// Checks that tags are closed in the order in which they were opened, and attributes are quoted. Gives the names of all
/// elements. What stands in scripts and styles is skipped.
pub(crate) fn elements(document: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut names = Vec::new();
    let mut rest = document;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a stray > in {:?}", cut(&rest[..start]));
        rest = &rest[start + 1..];
        if rest.starts_with("!doctype") {
            rest = &rest[rest.find('>').unwrap() + 1..];
            continue;
        }
        let end = tag_end(rest);
        let tag = &rest[..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "before {:?}", cut(rest));
            continue;
        }
        let name = tag.split(|c: char| c.is_whitespace() || c == '/').next().unwrap();
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{:?} is no element", cut(tag));
        names.push(name.to_owned());
        if tag.ends_with('/') || VOID.contains(&name) {
            continue;
        }
        open.push(name);
        if matches!(name, "script" | "style") {
            rest = &rest[rest.find(&format!("</{name}>")).unwrap()..];
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    names
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    panic!("no end of {:?}", cut(tag));
}

fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}

#[test]
fn documents_are_told_from_what_only_looks_like_them() {
    assert_eq!(elements("<!doctype html><p class=\"a>b\">x<br>y<i/></p>"), ["p", "br", "i"]);
    assert_eq!(elements("<style>a<b</style><p>&lt;</p>"), ["style", "p"]);
    for wrong in ["<p>", "<p><i></p></i>", "</p>", "<p>a > b</p>", "<p", "<<script>></<script>>"] {
        assert!(std::panic::catch_unwind(|| elements(wrong)).is_err(), "{wrong}");
    }
}
