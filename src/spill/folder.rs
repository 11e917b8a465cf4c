//! The folder of a tier, and how files are made in it so that nobody else gets at them and nothing of them stays.
//!
//! The folder is opened once, when the session starts, and used by that descriptor to the end: a link is followed once,
//! and what is renamed or put in its place later changes nothing. Files are made in the first [way](Naming) that the
//! filesystem has:
//!
//! ```text
//! Nameless   O_TMPFILE | O_EXCL   never has a name, and can't be given one
//! Unlinked   O_CREAT | O_EXCL     in a folder of its own, which goes with the name at once
//! Named      the same             where an open file can't be unlinked: in the session's own folder, till the end
//! ```
//!
//! All have mode 0600. The session's own folder, `.thermocline-PID-N`, has mode 0700 and is opened with `O_NOFOLLOW`;
//! where it is not then this user's alone, somebody meddles, or the filesystem knows no owners: it is not used. So a
//! folder that others can write to, as `/var/tmp`, is safe: they can move a folder of ours away, but not look inside.
//!
//! **After `kill -9`** files without names are gone at once. For others the own folder has a file `lock`, which its session
//! holds locked (`flock`; the system lets go of it with the process), and which has no content that anybody could trust.
//! Who opens a folder [sweeps](sweep) it first: own folders of this user whose lock is free are removed with all files
//! in them, the lock last. A folder without a lock is empty: it is being made or being removed. Whoever loses that race
//! makes another one.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, RawMode, Stat, StatVfs, flock, fstat, fstatvfs, mkdirat,
    open, openat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

const PREFIX: &str = ".thermocline-";
const LOCK: &str = "lock";

/// Names that are tried for an own folder before it is given up.
const ATTEMPTS: u32 = 1000;

/// How files are made, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// They never have a name.
    Nameless,
    /// They have one for a moment.
    Unlinked,
    /// They have one till they are closed.
    Named,
}

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    descriptor: OwnedFd,
    /// What works here, as far as is known, and the session's own folder, while there are files with names.
    ways: Mutex<(Naming, Option<Arc<Own>>)>,
}

/// A file with a name that goes with this.
#[derive(Debug)]
pub(super) struct Name {
    own: Arc<Own>,
    name: String,
}

impl Drop for Name {
    fn drop(&mut self) {
        let _best_effort = unlinkat(&self.own.descriptor, self.name.as_str(), AtFlags::empty());
    }
}

impl Folder {
    /// Opens the folder at `path`, makes it where it is not there, and removes what sessions left that were killed.
    pub(super) fn open(path: &Path, naming: Naming) -> io::Result<Self> {
        if !path.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        }
        let descriptor = open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        sweep(&descriptor);
        Ok(Self { path: path.to_owned(), descriptor, ways: Mutex::new((naming, None)) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What the filesystem says of its size.
    pub(super) fn statvfs(&self) -> io::Result<StatVfs> {
        Ok(fstatvfs(&self.descriptor)?)
    }

    /// A new file, and its name, where it has to keep one.
    pub(super) fn file(&self) -> io::Result<(File, Option<Name>)> {
        let naming = self.ways.lock().0;
        if naming == Naming::Nameless {
            let flags = OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
            match openat(&self.descriptor, ".", flags, Mode::RUSR | Mode::WUSR) {
                // Not every filesystem has it.
                Err(Errno::NOTSUP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => {
                    self.ways.lock().0 = Naming::Unlinked;
                }
                made => return Ok((File::from(made?), None)),
            }
        }
        let own = self.own()?;
        let name = own.next_name();
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(openat(&own.descriptor, name.as_str(), flags, Mode::RUSR | Mode::WUSR)?);
        if naming != Naming::Named && unlinkat(&own.descriptor, name.as_str(), AtFlags::empty()).is_ok() {
            return Ok((file, None));
        }
        let mut ways = self.ways.lock();
        // Kept for the files to come.
        *ways = (Naming::Named, Some(own.clone()));
        Ok((file, Some(Name { own, name })))
    }

    /// The session's own folder: the one that is kept, else a new one, which goes when nobody uses it.
    fn own(&self) -> io::Result<Arc<Own>> {
        let kept = self.ways.lock().1.clone();
        kept.map_or_else(|| Own::make(&self.descriptor).map(Arc::new), Ok)
    }
}

/// A folder for this session alone. It goes with this.
#[derive(Debug)]
struct Own {
    /// The folder it lies in.
    parent: OwnedFd,
    name: String,
    descriptor: OwnedFd,
    /// Locked as long as this lives.
    _lock: OwnedFd,
    files: AtomicU32,
}

impl Own {
    fn make(parent: &OwnedFd) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        for _ in 0..ATTEMPTS {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("{PREFIX}{}-{number}", std::process::id());
            match mkdirat(parent, name.as_str(), Mode::RWXU) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            if let Some((descriptor, lock)) = enter(parent, &name)? {
                let parent = rustix::io::fcntl_dupfd_cloexec(parent, 0)?;
                return Ok(Self { parent, name, descriptor, _lock: lock, files: AtomicU32::new(0) });
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn next_name(&self) -> String {
        format!("segment-{}", self.files.fetch_add(1, Ordering::Relaxed))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _best_effort = unlinkat(&self.descriptor, LOCK, AtFlags::empty());
        let _best_effort = unlinkat(&self.parent, self.name.as_str(), AtFlags::REMOVEDIR);
    }
}

/// Opens the folder that was just made, and locks it; `None` where a sweep was faster.
fn enter(parent: &OwnedFd, name: &str) -> io::Result<Option<(OwnedFd, OwnedFd)>> {
    let descriptor = match open_folder(parent, name) {
        Err(Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    if !is_private(&fstat(&descriptor)?) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "a folder made there is not this user's alone: use a folder on a filesystem with owners and modes",
        ));
    }
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::RDWR | OFlags::CLOEXEC;
    let lock = match openat(&descriptor, LOCK, flags, Mode::RUSR | Mode::WUSR) {
        Err(Errno::NOENT) => return Ok(None),
        opened => opened?,
    };
    let locked = flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
    Ok((locked && fstat(&lock)?.st_nlink > 0).then_some((descriptor, lock)))
}

fn open_folder(parent: &OwnedFd, name: &str) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

/// Whether a folder is this user's, and nobody else's in any way.
fn is_private(about: &Stat) -> bool {
    const OTHERS: RawMode = 0o077;
    about.st_uid == geteuid().as_raw() && about.st_mode & OTHERS == 0
}

/// Removes the own folders of sessions that are no more. Best effort: what can't be removed takes room and does no harm.
fn sweep(folder: &OwnedFd) {
    let Ok(entries) = Dir::read_from(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_bytes();
        if name.starts_with(PREFIX.as_bytes())
            && let Ok(name) = std::str::from_utf8(name)
        {
            let _best_effort = sweep_own(folder, name);
        }
    }
}

fn sweep_own(parent: &OwnedFd, name: &str) -> rustix::io::Result<()> {
    let folder = open_folder(parent, name)?;
    if !is_private(&fstat(&folder)?) {
        return Ok(());
    }
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(&folder, LOCK, flags, Mode::empty()) {
        Ok(lock) => {
            flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            for entry in Dir::read_from(&folder)?.flatten() {
                let is_lock = entry.file_name().to_bytes() == LOCK.as_bytes();
                if entry.file_type() != FileType::Directory && !is_lock {
                    unlinkat(&folder, entry.file_name(), AtFlags::empty())?;
                }
            }
            unlinkat(&folder, LOCK, AtFlags::empty())?;
        }
        // Being made, or being removed.
        Err(Errno::NOENT) => {}
        Err(error) => return Err(error),
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    const ALL: [Naming; 3] = [Naming::Nameless, Naming::Unlinked, Naming::Named];

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir_in("/var/tmp").unwrap()
    }

    fn names(folder: &Path) -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn files_are_private_and_leave_nothing() {
        for naming in ALL {
            let place = folder();
            let folder = Folder::open(place.path(), naming).unwrap();
            let files: Vec<_> = (0..3).map(|_| folder.file().unwrap()).collect();
            for (mut file, name) in files {
                let about = file.metadata().unwrap();
                assert_eq!((about.mode() & 0o777, about.nlink()), (0o600, u64::from(name.is_some())));
                let own = names(place.path());
                assert_eq!(own.len(), usize::from(naming == Naming::Named), "{naming:?}: {own:?}");
                for own in own {
                    assert_eq!(own.metadata().unwrap().mode() & 0o777, 0o700);
                }
                file.write_all(b"deep").unwrap();
                file.rewind().unwrap();
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                assert_eq!((text.as_str(), name.is_some()), ("deep", naming == Naming::Named));
            }
            drop(folder);
            assert_eq!(names(place.path()).len(), 0, "{naming:?}");
        }
    }

    #[test]
    fn a_file_without_a_name_can_not_be_given_one() {
        let place = folder();
        let folder = Folder::open(place.path(), Naming::Nameless).unwrap();
        let (file, name) = folder.file().unwrap();
        assert!(name.is_none());
        let shown = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
        let target = place.path().join("stolen");
        let given = rustix::fs::linkat(rustix::fs::CWD, shown, rustix::fs::CWD, &target, AtFlags::SYMLINK_FOLLOW);
        assert_eq!(given, Err(Errno::NOENT));
    }

    #[test]
    fn a_new_folder_is_its_owners_alone() {
        let place = folder();
        Folder::open(&place.path().join("a/b"), Naming::Nameless).unwrap();
        assert_eq!(place.path().join("a").metadata().unwrap().mode() & 0o777, 0o700);
    }

    /// The link is followed once: what it points to later is not used.
    #[test]
    fn a_link_is_followed_once() {
        for naming in ALL {
            let (place, first, second) = (folder(), folder(), folder());
            let link = place.path().join("link");
            symlink(first.path(), &link).unwrap();
            let folder = Folder::open(&link, naming).unwrap();
            std::fs::remove_file(&link).unwrap();
            symlink(second.path(), &link).unwrap();
            let (file, _name) = folder.file().unwrap();
            assert_eq!(names(second.path()).len(), 0);
            assert_eq!(file.metadata().unwrap().dev(), first.path().metadata().unwrap().dev());
            assert_eq!(names(first.path()).len(), usize::from(naming == Naming::Named));
        }
        let place = folder();
        symlink(place.path().join("nowhere"), place.path().join("dangling")).unwrap();
        Folder::open(&place.path().join("dangling"), Naming::Named).unwrap_err();
    }

    /// Others can write to the folder, and put links and folders in the way of ours.
    #[test]
    fn what_others_put_there_is_not_used() {
        let (place, theirs) = (folder(), folder());
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let precious = theirs.path().join("segment-0");
        std::fs::write(&precious, "precious").unwrap();
        // Names that may come next, and folders that are open to others.
        let pid = std::process::id();
        for number in 0..40 {
            let name = place.path().join(format!("{PREFIX}{pid}-{number}"));
            if number % 2 == 0 {
                symlink(theirs.path(), name).unwrap();
            } else {
                std::fs::create_dir(&name).unwrap();
                std::fs::set_permissions(&name, std::fs::Permissions::from_mode(0o777)).unwrap();
                std::fs::write(name.join(LOCK), "18446744073709551615").unwrap();
            }
        }
        let folder = Folder::open(place.path(), Naming::Named).unwrap();
        let (mut file, _name) = folder.file().unwrap();
        file.write_all(b"mine").unwrap();
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
        assert_eq!(names(theirs.path()), [precious]);
        assert_eq!(names(place.path()).len(), 41);
    }

    #[test]
    fn what_killed_sessions_left_is_swept_and_what_lives_is_not() {
        let place = folder();
        let alive = Folder::open(place.path(), Naming::Named).unwrap();
        let (_file, _name) = alive.file().unwrap();
        // A folder as a killed session leaves it, at each moment.
        for (name, files) in [("1-0", &["lock", "segment-0", "segment-1"][..]), ("1-1", &["lock"]), ("1-2", &[])] {
            let own = place.path().join(format!("{PREFIX}{name}"));
            DirBuilder::new().mode(0o700).create(&own).unwrap();
            files.iter().for_each(|file| std::fs::write(own.join(file), "left").unwrap());
        }
        std::fs::write(place.path().join(".thermocline-notes"), "not a folder").unwrap();
        let second = Folder::open(place.path(), Naming::Named).unwrap();
        let left = names(place.path());
        assert_eq!(left.len(), 2, "{left:?}");
        let (_file, _name) = second.file().unwrap();
        assert_eq!(names(place.path()).len(), 3);
    }

    /// Many sessions open and close one folder at the same time: none takes another's files away.
    #[test]
    fn sessions_that_begin_and_end_at_once_keep_their_files() {
        let place = folder();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let folder = Folder::open(place.path(), Naming::Named).unwrap();
                        let (file, name) = folder.file().unwrap();
                        assert_eq!(file.metadata().unwrap().nlink(), 1);
                        drop(name);
                    }
                });
            }
        });
        assert_eq!(names(place.path()).len(), 0);
    }

    #[test]
    fn a_place_that_is_no_folder_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        Folder::open(file.path(), Naming::Nameless).unwrap_err();
        let folder = Folder::open(Path::new("/proc"), Naming::Nameless).unwrap();
        folder.file().unwrap_err();
    }
}
