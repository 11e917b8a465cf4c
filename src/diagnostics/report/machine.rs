//! What machine it was.

use std::fs;

use crate::units::ByteSize;

/// Names and values: its processor, cores, memory and system, as far as the system tells.
pub(super) fn machine() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZeroUsize::get);
    let facts = [
        ("processor", line_of("/proc/cpuinfo", "model name")),
        ("cores", Some(cores.to_string())),
        ("memory", line_of("/proc/meminfo", "MemTotal").and_then(|text| memory(&text))),
        (
            "system",
            fs::read_to_string("/proc/sys/kernel/osrelease").ok().map(|release| format!("Linux {}", release.trim())),
        ),
        ("library", Some(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What stands behind the colon of the line that begins with `name`.
fn line_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn memory(text: &str) -> Option<String> {
    let kib: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(ByteSize::new(kib << 10).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_cores_and_memory() {
        let machine = machine();
        let value = |name| machine.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        assert!(value("cores").is_some_and(|cores| cores != "0") && value("memory").is_some(), "{machine:?}");
        assert_eq!(memory("1048576 kB").as_deref(), Some("1 GiB"));
    }
}
