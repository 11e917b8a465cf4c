//! Many short lists in two allocations.

/// Lists of tasks, one a task, in one allocation.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

impl Default for Lists {
    fn default() -> Self {
        Self { starts: vec![0], items: Vec::new() }
    }
}

impl Lists {
    /// No lists yet, but room for so many lists and items.
    pub(super) fn with_capacity(lists: usize, items: usize) -> Self {
        let mut starts = Vec::with_capacity(lists + 1);
        starts.push(0);
        Self { starts, items: Vec::with_capacity(items) }
    }

    /// The number of lists.
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of items in all lists.
    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    /// Adds an item to the list that [`close`](Self::close) will end.
    pub(super) fn push(&mut self, item: u32) {
        self.items.push(item);
    }

    /// Ends a list.
    pub(super) fn close(&mut self) {
        self.starts.push(self.items.len() as u32);
    }

    /// An item, by its place among all items.
    pub(super) fn item(&self, place: usize) -> u32 {
        self.items[place]
    }

    /// The items of a list.
    pub(super) fn get(&self, task: usize) -> &[u32] {
        &self.items[self.range(task)]
    }

    pub(super) fn get_mut(&mut self, task: usize) -> &mut [u32] {
        let range = self.range(task);
        &mut self.items[range]
    }

    /// Where the items of a list stand among all items.
    pub(super) fn range(&self, task: usize) -> std::ops::Range<usize> {
        self.starts[task] as usize..self.starts[task + 1] as usize
    }

    /// For each task, the tasks in whose list it stands (each once).
    pub(super) fn inverted(&self) -> Self {
        let tasks = self.len();
        let mut starts = vec![0_u32; tasks + 1];
        self.each_distinct(|_, item| starts[item as usize + 1] += 1);
        for task in 0..tasks {
            starts[task + 1] += starts[task];
        }
        let mut next = starts.clone();
        let mut items = vec![0; *starts.last().unwrap_or(&0) as usize];
        self.each_distinct(|task, item| {
            let place = &mut next[item as usize];
            items[*place as usize] = task;
            *place += 1;
        });
        Self { starts, items }
    }

    /// Visits each (task, item) once, however often the item stands in the task's list.
    pub(super) fn each_distinct(&self, mut visit: impl FnMut(u32, u32)) {
        let mut seen_by = vec![u32::MAX; self.len()];
        for task in 0..self.len() as u32 {
            for &item in self.get(task as usize) {
                if std::mem::replace(&mut seen_by[item as usize], task) != task {
                    visit(task, item);
                }
            }
        }
    }
}
