//! Scratch in persistent memory, for real: `cargo xtask pmem-vm` runs this in a virtual machine that has some.

use thermocline::{Array, Compression, Session, TierKind};

use crate::support::assert_at_rest;

/// The page cache of the whole machine, in bytes.
fn page_cache() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Cached:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

#[test]
#[ignore = "needs persistent memory: cargo xtask pmem-vm"]
fn persistent_memory_is_found_and_used_in_place() {
    let place = std::env::var("THERMOCLINE_TEST_DAX").unwrap();
    let builder = Session::builder().memory_limit("48MiB".parse().unwrap()).threads(2);
    let session = builder.scratch(format!("{place}:dax")).build().unwrap();
    let tier = &session.tiers()[0];
    println!("\ndax: {tier}");
    assert_eq!(tier.kind, TierKind::Dax);
    let before = page_cache();
    // All zeros: a disk would get it packed.
    let x = Array::<f64>::zeros(&[256, 131_072], [1, 131_072]);
    let x = &x + &Array::<f64>::from_fn(&[256, 1], &[1, 1], |at| at[0] as f64);
    let kept = session.persist(&x).unwrap();
    let used = session.tiers()[0].used.bytes();
    assert_eq!(session.compute(&kept.sum(..)).unwrap()[[]], f64::from(255 * 128) * 131_072.0);
    let (stats, cached) = (session.stats(), page_cache().saturating_sub(before));
    println!("dax: {} bytes spilled, {} reloaded", stats.spilled_bytes, stats.reloaded_bytes);
    println!("dax: {} in place, {used} on scratch, page cache grew by {cached}", stats.in_place_bytes);
    assert!(stats.spilled_bytes > 150 << 20 && stats.reloaded_bytes > 150 << 20, "{stats:?}");
    assert_eq!(stats.in_place_bytes, stats.reloaded_bytes, "nothing was copied");
    assert!(used > 150 << 20, "it is stored raw");
    assert!(cached < stats.spilled_bytes / 8, "none of it is in the page cache");
    drop(kept);
    assert_at_rest(&session);
}

#[test]
#[ignore = "needs persistent memory: cargo xtask pmem-vm"]
fn who_wants_no_mappings_has_copies() {
    let place = std::env::var("THERMOCLINE_TEST_DAX").unwrap();
    let builder = Session::builder().memory_limit("16MiB".parse().unwrap()).threads(2);
    let session = builder.scratch(place).in_place(false).compression(Compression::None).build().unwrap();
    let kept = session.persist(&Array::<f64>::ones(&[40, 131_072], [1, 131_072])).unwrap();
    assert_eq!(session.compute(&kept.sum(..)).unwrap()[[]], f64::from(40 * 131_072));
    let stats = session.stats();
    assert!(stats.reloaded_bytes > 20 << 20 && stats.in_place_bytes == 0, "{stats:?}");
    drop(kept);
    assert_at_rest(&session);
}
