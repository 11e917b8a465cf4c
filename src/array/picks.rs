//! Which indices of an axis are picked, in which order.
//!
//! Slices, flips, rolls, repetitions, padding by what is there, lists of indices: each is a list of runs along an axis,
//! indices that are `step` apart. A step of 0 repeats one index.

use std::ops::Range;
use std::sync::Arc;

/// Picks of more runs than this that go to and fro have no streams: each tile would have to be looked up in all of them.
const FEW_RUNS: usize = 16;

/// Indices `start`, `start + step` … of the input, which are `at`, `at + 1` … of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    at: usize,
    start: usize,
    step: isize,
    count: usize,
}

impl Run {
    fn end(&self) -> usize {
        self.at + self.count
    }

    fn index(&self, at: usize) -> usize {
        (self.start as isize + (at - self.at) as isize * self.step) as usize
    }

    /// The part of it that is in `range` of the result, if there is one.
    fn within(&self, range: &Range<usize>) -> Option<Self> {
        let (at, end) = (self.at.max(range.start), self.end().min(range.end));
        (at < end).then(|| Self { at, start: self.index(at), count: end - at, ..*self })
    }

    /// The least and the greatest index.
    fn bounds(&self) -> (usize, usize) {
        let last = self.index(self.end() - 1);
        (self.start.min(last), self.start.max(last))
    }

    /// The part of it whose indices are in `range` of the input, if there is one.
    fn landing(&self, range: &Range<usize>) -> Option<Self> {
        let (least, greatest) = self.bounds();
        if least >= range.end || greatest < range.start {
            return None;
        }
        let step = self.step.unsigned_abs();
        if step == 0 {
            return Some(*self);
        }
        // Steps from the run's beginning: the first that is inside, and the first that is beyond.
        let (first, beyond) = if self.step > 0 {
            (range.start.saturating_sub(self.start).div_ceil(step), (range.end - self.start).div_ceil(step))
        } else {
            let reach = self.start - range.start;
            (self.start.saturating_sub(range.end - 1).div_ceil(step), reach / step + 1)
        };
        self.within(&(self.at + first..self.at + beyond.min(self.count)))
    }
}

/// How the indices go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
    ToAndFro,
}

/// The indices that are picked along an axis.
#[derive(Clone, Debug)]
pub(super) struct Picks {
    runs: Arc<[Run]>,
    direction: Direction,
}

/// Consecutive indices of the result, and where each is in a range of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Landed {
    pub(super) at: usize,
    /// Counted from the start of the range.
    pub(super) offsets: Vec<usize>,
}

impl Landed {
    /// Whether they are neighbours in the input, too.
    pub(super) fn is_contiguous(&self) -> bool {
        self.offsets.windows(2).all(|pair| pair[1] == pair[0] + 1)
    }

    /// The least offset, and how many there are from that to the greatest.
    pub(super) fn span(&self) -> Range<usize> {
        let least = self.offsets.iter().copied().min().unwrap_or(0);
        least..self.offsets.iter().copied().max().map_or(least, |greatest| greatest + 1)
    }
}

impl Picks {
    /// One run after the other: first index, step, count.
    pub(super) fn of(runs: impl IntoIterator<Item = (usize, isize, usize)>) -> Self {
        let mut list: Vec<Run> = Vec::new();
        let mut at = 0;
        for (start, step, count) in runs {
            if count == 0 {
                continue;
            }
            let run = Run { at, start, step: if count == 1 { 1 } else { step }, count };
            at += count;
            match list.last_mut() {
                Some(last) if joins(last, &run) => last.count += count,
                _ => list.push(run),
            }
        }
        Self { direction: direction(&list), runs: list.into() }
    }

    /// Indices as they stand in a list.
    pub(super) fn list(indices: &[usize]) -> Self {
        let mut runs: Vec<(usize, isize, usize)> = Vec::new();
        for &index in indices {
            match runs.last_mut() {
                Some((start, step, count)) if *count == 1 => {
                    *step = index as isize - *start as isize;
                    *count = 2;
                }
                Some((start, step, count)) if *start as isize + *step * *count as isize == index as isize => {
                    *count += 1;
                }
                _ => runs.push((index, 1, 1)),
            }
        }
        Self::of(runs)
    }

    pub(super) fn len(&self) -> usize {
        self.runs.last().map_or(0, Run::end)
    }

    /// Whether a stream of the input becomes a stream of the result.
    pub(super) fn streams(&self) -> bool {
        self.direction != Direction::ToAndFro || self.runs.len() <= FEW_RUNS
    }

    /// The one step from each index to the next, if there is just one run.
    pub(super) fn step(&self) -> Option<isize> {
        match *self.runs {
            [run] => Some(run.step),
            _ => None,
        }
    }

    /// The runs in `range` of the result.
    fn within(&self, range: Range<usize>) -> impl Iterator<Item = Run> + '_ {
        let first = self.runs.partition_point(|run| run.end() <= range.start);
        self.runs[first..].iter().map_while(move |run| run.within(&range))
    }

    /// What in `range` of the result lies in `input`, a range of the input.
    pub(super) fn landing(&self, input: &Range<usize>, range: &Range<usize>) -> Vec<Landed> {
        let all = &self.runs;
        // Runs that go one way are searched.
        let runs = match self.direction {
            Direction::Up => {
                &all[all.partition_point(|run| run.bounds().1 < input.start)
                    ..all.partition_point(|run| run.bounds().0 < input.end)]
            }
            Direction::Down => {
                &all[all.partition_point(|run| run.bounds().0 >= input.end)
                    ..all.partition_point(|run| run.bounds().1 >= input.start)]
            }
            Direction::ToAndFro => all,
        };
        let mut landed: Vec<Landed> = Vec::new();
        for run in runs.iter().filter_map(|run| run.within(range)?.landing(input)) {
            let offsets = (run.at..run.end()).map(|at| run.index(at) - input.start);
            match landed.last_mut() {
                Some(last) if last.at + last.offsets.len() == run.at => last.offsets.extend(offsets),
                _ => landed.push(Landed { at: run.at, offsets: offsets.collect() }),
            }
        }
        landed
    }

    /// The ranges of the input that hold what is in `range` of the result: as long as they can be without a whole chunk
    /// that is not touched, and no longer than what they hold. `ends` are the ends of the input's chunks.
    pub(super) fn touched(&self, range: Range<usize>, ends: &[usize]) -> Vec<Range<usize>> {
        let chunk_of = |index: usize| ends.partition_point(|&end| end <= index);
        let start_of = |chunk: usize| if chunk == 0 { 0 } else { ends[chunk - 1] };
        // Of each chunk the least and the greatest index.
        let mut touched: Vec<(usize, usize, usize)> = Vec::new();
        for run in self.within(range) {
            let (least, greatest) = run.bounds();
            for chunk in chunk_of(least)..=chunk_of(greatest) {
                if let Some(part) = run.landing(&(start_of(chunk)..ends[chunk])) {
                    let (least, greatest) = part.bounds();
                    touched.push((chunk, least, greatest));
                }
            }
        }
        touched.sort_unstable();
        let mut ranges: Vec<(usize, Range<usize>)> = Vec::new();
        for (chunk, least, greatest) in touched {
            match ranges.last_mut() {
                Some((last, range)) if *last + 1 >= chunk => {
                    *last = chunk;
                    range.end = range.end.max(greatest + 1);
                }
                _ => ranges.push((chunk, least..greatest + 1)),
            }
        }
        ranges.into_iter().map(|(_, range)| range).collect()
    }

    /// The chunks of the result: what lies in one chunk of `input` stays together, in chunks no longer than those of the
    /// input.
    pub(super) fn chunks(&self, input: &[usize]) -> Vec<usize> {
        let longest = input.iter().copied().max().unwrap_or(1).max(1);
        let regular = |length: usize| (0..length).step_by(longest).map(move |at| longest.min(length - at));
        if !self.streams() {
            return regular(self.len()).collect();
        }
        let ends: Vec<usize> = ends(input);
        let mut chunks = Vec::new();
        let mut own = None;
        let mut length = 0;
        for run in self.runs.iter() {
            let mut at = run.at;
            while at < run.end() {
                let chunk = ends.partition_point(|&end| end <= run.index(at));
                let start = if chunk == 0 { 0 } else { ends[chunk - 1] };
                let rest = run.within(&(at..run.end())).and_then(|rest| rest.landing(&(start..ends[chunk])));
                let count = rest.map_or(1, |rest| rest.count);
                if own != Some(chunk) {
                    chunks.extend(regular(length));
                    (own, length) = (Some(chunk), 0);
                }
                length += count;
                at += count;
            }
        }
        chunks.extend(regular(length));
        chunks
    }
}

/// Whether `next` goes on as `run` does.
fn joins(run: &Run, next: &Run) -> bool {
    let same_step = run.step == next.step || run.count == 1 || next.count == 1;
    let step = if run.count == 1 { next.step } else { run.step };
    same_step && run.count > 1 && run.start as isize + step * run.count as isize == next.start as isize
}

fn direction(runs: &[Run]) -> Direction {
    let goes = |up: bool| {
        runs.iter().all(|run| run.count == 1 || if up { run.step >= 0 } else { run.step <= 0 })
            && runs.windows(2).all(|pair| {
                let ((a, b), (c, d)) = (pair[0].bounds(), pair[1].bounds());
                if up { b <= c } else { a >= d }
            })
    };
    if goes(true) {
        Direction::Up
    } else if goes(false) {
        Direction::Down
    } else {
        Direction::ToAndFro
    }
}

/// Where each of `lengths` ends.
pub(super) fn ends(lengths: &[usize]) -> Vec<usize> {
    let mut end = 0;
    lengths
        .iter()
        .map(|length| {
            end += length;
            end
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists of all kinds: up, down, repeated, to and fro.
    fn lists() -> Vec<Vec<usize>> {
        vec![
            vec![],
            vec![3],
            (0..20).collect(),
            (0..20).rev().collect(),
            (1..20).step_by(3).collect(),
            (0..20).rev().step_by(4).collect(),
            vec![2, 2, 2, 2],
            vec![0, 0, 1, 1, 2, 2, 9, 9],
            vec![19, 7, 7, 6, 1, 0],
            vec![0, 2, 3, 11, 12, 13, 19],
            vec![5, 1, 17, 17, 3, 4, 5, 6, 0, 19],
            (0..60).map(|at| at * 7 % 20).collect(),
            (15..20).chain(0..15).collect(),
        ]
    }

    fn indices(picks: &Picks, range: Range<usize>) -> Vec<usize> {
        picks.within(range).flat_map(|run| (run.at..run.end()).map(move |at| run.index(at))).collect()
    }

    #[test]
    fn runs_say_what_the_list_said() {
        for list in lists() {
            let picks = Picks::list(&list);
            assert_eq!(picks.len(), list.len());
            assert_eq!(indices(&picks, 0..list.len()), list);
            for (from, to) in [(0, 1), (1, 4), (2, 20)] {
                let (from, to) = (from.min(list.len()), to.min(list.len()));
                assert_eq!(indices(&picks, from..to), list[from..to], "{list:?} {from}..{to}");
            }
        }
    }

    #[test]
    fn each_index_lands_in_one_range_at_its_place() {
        for list in lists() {
            let picks = Picks::list(&list);
            for cut in [1, 3, 7, 20] {
                let mut seen = vec![None; list.len()];
                for start in (0..20).step_by(cut) {
                    let input = start..(start + cut).min(20);
                    for Landed { at, offsets } in picks.landing(&input, &(0..list.len())) {
                        for (place, offset) in offsets.into_iter().enumerate() {
                            assert_eq!(seen[at + place].replace(input.start + offset), None);
                        }
                    }
                }
                assert_eq!(seen, list.iter().copied().map(Some).collect::<Vec<_>>(), "{list:?} in ranges of {cut}");
            }
        }
    }

    #[test]
    fn chunks_and_ranges_follow_those_of_the_input() {
        let input = [4, 1, 5, 10];
        let ends = ends(&input);
        for list in lists() {
            let picks = Picks::list(&list);
            let chunks = picks.chunks(&input);
            assert_eq!(chunks.iter().sum::<usize>(), list.len(), "{list:?}");
            assert!(chunks.iter().all(|&chunk| (1..=10).contains(&chunk)), "{chunks:?}");
            let touched = picks.touched(0..list.len(), &ends);
            assert!(list.iter().all(|index| touched.iter().any(|range| range.contains(index))));
            for range in &touched {
                assert!(list.contains(&range.start) && list.contains(&(range.end - 1)), "{list:?} {touched:?}");
            }
            assert!(touched.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
        assert_eq!(Picks::list(&[0, 1, 19]).touched(0..3, &ends), [0..2, 19..20]);
        assert_eq!(Picks::list(&[0, 3, 6, 9, 12]).chunks(&input), [2, 2, 1]);
        assert_eq!(Picks::of([(2, 0, 25)]).chunks(&input), [10, 10, 5]);
    }
}
