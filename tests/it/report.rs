//! Reports: everything is in them, text stays text, nothing is loaded from elsewhere, and a browser shows them.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;
use thermocline::chunk::{Block, Chunk};
use thermocline::diagnostics::profile::Profile;
use thermocline::diagnostics::report::Report;
use thermocline::graph::{Graph, Key, Task};
use thermocline::{Session, Stats};

use crate::markup::elements;
use crate::pressure::passes;
use crate::support::{all, builder, session};

/// The report of a run of two workers that spills.
fn spilling() -> (Graph, Report, Stats) {
    let (graph, wanted) = passes(20, 2);
    let plan = session(1 << 32, 2).1.plan_graph(&graph, &wanted).unwrap();
    let limit = u64::midpoint(plan.floor().bytes(), plan.working_set().bytes()).to_string();
    let profile = Arc::new(Profile::new());
    let (_folder, builder) = builder();
    let builder = builder.memory_limit(limit.parse().unwrap()).threads(2).observer(profile.clone());
    let session = builder.build().unwrap();
    drop(session.run(&graph, &wanted).unwrap());
    (graph, profile.report().title("<b>passes</b>"), session.stats())
}

/// The report of a run that fails, in a task whose name means something in HTML.
fn failing() -> Report {
    let profile = Arc::new(Profile::new());
    let builder = Session::builder().memory_limit("64MiB".parse().unwrap()).threads(1).observer(profile.clone());
    let session = builder.build().unwrap();
    let load = Task::new(
        "</script><img src=x>",
        [],
        Arc::new(|context, _| Ok(Chunk::new(context.block::<f64>(&[4])?.freeze()))),
    );
    let bad = Task::new(
        "<script>alert(1)</script>",
        [Key::new("</script><img src=x>")],
        Arc::new(|_, inputs| {
            let _wrong: &Block<f32> = inputs[0].get()?;
            Ok(Chunk::new(()))
        }),
    );
    let top = Task::new("top & more", [Key::new("<script>alert(1)</script>")], Arc::new(|_, _| Ok(Chunk::new(()))));
    let graph = Graph::new([load, bad, top]).unwrap();
    session.run(&graph, &[Key::new("top & more")]).unwrap_err();
    profile.report().setting("<i>", "&lt;")
}

fn lines(report: &Report) -> HashMap<String, Vec<Value>> {
    let mut text = Vec::new();
    report.write_json_lines(&mut text).unwrap();
    let mut by_type: HashMap<String, Vec<Value>> = HashMap::new();
    for line in String::from_utf8(text).unwrap().lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        by_type.entry(value["type"].as_str().unwrap().to_owned()).or_default().push(value);
    }
    by_type
}

fn sum(values: &[Value], field: &str) -> u64 {
    values.iter().map(|value| value[field].as_u64().unwrap()).sum()
}

#[test]
fn each_task_spill_and_reload_is_a_line() {
    let (graph, report, stats) = spilling();
    let lines = lines(&report);
    let mut keys: Vec<&str> = lines["task"].iter().map(|task| task["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), graph.len());
    assert!(lines["task"].iter().all(|task| task["worker"].as_u64().unwrap() < 2 && task["ok"] == true));
    assert!(stats.spilled_bytes > 0);
    assert_eq!(sum(&lines["spill"], "bytes"), stats.spilled_bytes);
    assert_eq!(sum(&lines["reload"], "bytes"), stats.reloaded_bytes);
    assert!(lines.contains_key("wait-memory"), "{:?}", lines.keys());
    let layers = &lines["layer"];
    assert_eq!(layers.iter().map(|layer| layer["layer"].as_str().unwrap()).collect::<Vec<_>>(), ["x", "pass"]);
    assert_eq!(sum(layers, "done"), graph.len() as u64);
    assert_eq!((sum(layers, "spilled"), sum(layers, "reloaded")), (stats.spilled_bytes, stats.reloaded_bytes));
    let run = &lines["run"][0];
    assert_eq!((run["tasks"].as_u64(), &run["failure"]), (Some(graph.len() as u64), &Value::Null));
    let limit = lines["session"][0]["memory_limit"].as_u64().unwrap();
    let memory = &lines["memory"];
    assert!(memory.len() >= 3 && memory.iter().all(|sample| sample["charged"].as_u64().unwrap() <= limit));
    assert!(memory.iter().any(|sample| sample["charged"].as_u64().unwrap() > limit / 2));
}

#[test]
fn a_chrome_trace_has_them_too() {
    let (graph, report, _) = spilling();
    let mut text = Vec::new();
    report.write_chrome_trace(&mut text).unwrap();
    let trace: Value = serde_json::from_slice(&text).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let of = |category: &str| events.iter().filter(|event| event["cat"] == category).collect::<Vec<_>>();
    assert_eq!(of("task").len(), graph.len());
    let spills = lines(&report)["spill"].len();
    assert_eq!(of("spill").len(), 2 * spills, "a begin and an end each");
    assert!(of("task").iter().all(|task| task["ph"] == "X" && task["dur"].is_number() && task["ts"].is_number()));
    assert!(events.iter().any(|event| event["ph"] == "C" && event["args"]["charged"].as_u64() > Some(0)));
}

#[test]
fn a_page_is_well_formed_and_loads_nothing() {
    for report in [spilling().1, failing(), Profile::new().report()] {
        let html = report.html();
        let elements = elements(&html);
        let count = |name: &str| elements.iter().filter(|own| *own == name).count();
        assert_eq!((count("script"), count("canvas"), count("img")), (2, 3, 0));
        // The one address is a namespace; the icon is empty.
        let addresses = html.matches("http").count();
        let namespaces = html.matches("http://www.w3.org/2000/svg").count() + html.matches("http-equiv").count();
        assert_eq!(addresses, namespaces);
        for loading in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "import("] {
            assert!(!outside_of_data(&html).contains(loading), "{loading}");
        }
        assert_eq!(html.matches("href=").count(), 1);
        assert!(html.contains("<link rel=\"icon\" href=\"data:,\">"));
    }
}

fn outside_of_data(html: &str) -> String {
    let start = html.find("<script type=\"application/json\"").unwrap();
    let end = start + html[start..].find("</script>").unwrap();
    format!("{}{}", &html[..start], &html[end..]).replace("&lt;img src=x", "")
}

#[test]
fn names_stay_names_and_a_failure_is_told() {
    let html = failing().html();
    assert!(!html.contains("<script>alert") && !html.contains("<img") && !html.contains("<i>"));
    let failure = &html[html.find("class=\"failure\"").unwrap()..html.find("class=\"tiles\"").unwrap()];
    assert!(failure.contains("<code>&lt;script&gt;alert(1)&lt;/script&gt;</code>"), "{failure}");
    assert!(failure.contains("<code>&lt;/script&gt;&lt;img src=x&gt;</code>: float64 [4], 32 B"), "{failure}");
    assert!(failure.contains("<li><code>top &amp; more</code></li>"), "{failure}");
    assert!(failure.contains("chunk holds"), "{failure}");
    let run = &lines(&failing())["run"][0];
    assert_eq!(run["failure"]["task"], "<script>alert(1)</script>");
    assert_eq!(
        (&run["failure"]["inputs"][0]["bytes"], &run["failure"]["needed_by"][0]),
        (&32.into(), &"top & more".into())
    );
    let (_, titled, _) = spilling();
    assert!(titled.html().contains("<title>&lt;b&gt;passes&lt;/b&gt;</title>"));
}

/// The report of a run of very many tasks, and their number.
fn many() -> (Report, u32) {
    let tasks = if all() { 1_000_000 } else { 200_000 };
    let profile = Arc::new(Profile::new());
    let builder = Session::builder().memory_limit("2GiB".parse().unwrap()).threads(2).observer(profile.clone());
    let session = builder.build().unwrap();
    let names: Vec<Arc<str>> = (0..3).map(|layer| format!("part-{layer}").into()).collect();
    let key = |at: u32| Key::indexed(names[at as usize % 3].clone(), [at]);
    let graph = Graph::new((0..tasks).map(|at| Task::new(key(at), [], Arc::new(|_, _| Ok(Chunk::new(())))))).unwrap();
    session.run(&graph, &(0..tasks).map(key).collect::<Vec<_>>()).unwrap();
    (profile.report(), tasks)
}

/// What is sampled says so; the sums are of all.
#[test]
fn many_tasks_are_sampled_and_counted_in_full() {
    let (report, tasks) = many();
    let lines = lines(&report);
    let header = &lines["session"][0];
    assert_eq!(header["tasks"], tasks);
    let kept = header["tasks_kept"].as_u64().unwrap();
    assert!(kept == lines["task"].len() as u64 && (10_000..=1 << 16).contains(&kept), "{kept}");
    assert_eq!(sum(&lines["layer"], "done"), u64::from(tasks));
    let html = report.html();
    assert!(html.contains("Sampled: ") && html.contains("00\u{202f}000 tasks and 0 of 0 spills"));
    assert!(html.len() < 8 << 20, "{}", html.len());
}

/// What a browser makes of it: the drawings are drawn, buttons work, nothing goes wrong.
#[test]
#[cfg_attr(not(browser), ignore = "needs Chromium")]
fn a_browser_shows_the_page() {
    const PROBE: &str = include_str!("report_probe.js");
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    for (name, report) in [("spilling", spilling().1), ("failing", failing()), ("many", many().0)] {
        let html = report.html().replacen("<style>", &format!("<script>{PROBE}</script>\n<style>"), 1);
        let page = folder.path().join(format!("{name}.html"));
        std::fs::write(&page, html).unwrap();
        let dom = opened(folder.path(), &page);
        let attribute = |name: &str| {
            let start = dom.find(&format!("data-{name}=\"")).map(|at| at + name.len() + 7)?;
            Some(&dom[start..start + dom[start..].find('"')?])
        };
        assert_eq!((attribute("ready"), attribute("wrong")), (Some("yes"), None), "{name}");
        assert_eq!((attribute("zoomed"), attribute("wide")), (Some("true"), Some("false")), "{name}");
        // The tasks of the run that fails may all lie between two places of the pointer.
        assert!(name == "failing" || attribute("tips") == Some("true"), "{name}");
        assert_eq!(attribute("sorted"), Some("descending"));
        assert!(attribute("caption").is_some_and(|caption| caption.contains("by order")), "{name}");
        // Rates are drawn between two looks at the counters: on a busy machine all may go to scratch between the same two.
        let inks = if name == "spilling" { "true,true," } else { "true," };
        assert!(attribute("inks").is_some_and(|found| found.starts_with(inks)), "{name}");
    }
}

/// The page as Chromium has it after its scripts have run.
fn opened(folder: &std::path::Path, page: &std::path::Path) -> String {
    let output = std::process::Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--window-size=1000,1400", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("browser").display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
