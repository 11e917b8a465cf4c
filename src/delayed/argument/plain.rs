//! Numbers, texts and paths as arguments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Argument, Held, Inputs, Needs, sealed};
use crate::error::Result;

/// A value that a function finds as it is.
#[derive(Debug)]
pub struct Plain<T>(T);

impl<T: Copy + Send + Sync + 'static> Held for Plain<T> {
    type View<'a> = T;

    fn view<'a>(&'a self, _: &mut Inputs<'a>) -> Result<T> {
        Ok(self.0)
    }
}

macro_rules! plain {
    ($($type:ty: |$value:ident| $bytes:expr),* $(,)?) => {
        $(
            impl sealed::Sealed for $type {}

            impl Argument<$type> for $type {
                type Held = Plain<$type>;

                fn hold(self, needs: &mut Needs) -> Plain<$type> {
                    let $value = self;
                    needs.tell(b'v', stringify!($type).as_bytes());
                    needs.tell(b'=', $bytes.as_ref());
                    Plain(self)
                }
            }
        )*
    };
}

plain! {
    u8: |x| x.to_ne_bytes(), u16: |x| x.to_ne_bytes(), u32: |x| x.to_ne_bytes(), u64: |x| x.to_ne_bytes(),
    u128: |x| x.to_ne_bytes(), usize: |x| x.to_ne_bytes(),
    i8: |x| x.to_ne_bytes(), i16: |x| x.to_ne_bytes(), i32: |x| x.to_ne_bytes(), i64: |x| x.to_ne_bytes(),
    i128: |x| x.to_ne_bytes(), isize: |x| x.to_ne_bytes(),
    f32: |x| x.to_ne_bytes(), f64: |x| x.to_ne_bytes(),
    bool: |x| [u8::from(x)], char: |x| u32::from(x).to_ne_bytes(), Duration: |x| x.as_nanos().to_ne_bytes(),
}

/// A text.
#[derive(Debug)]
pub struct Text(Box<str>);

impl Held for Text {
    type View<'a> = &'a str;

    fn view<'a>(&'a self, _: &mut Inputs<'a>) -> Result<&'a str> {
        Ok(&self.0)
    }
}

impl sealed::Sealed for &str {}

impl Argument<&str> for &str {
    type Held = Text;

    fn hold(self, needs: &mut Needs) -> Text {
        self.to_owned().hold(needs)
    }
}

impl sealed::Sealed for String {}

impl Argument<&str> for String {
    type Held = Text;

    fn hold(self, needs: &mut Needs) -> Text {
        needs.tell(b's', self.as_bytes());
        Text(self.into())
    }
}

/// A path.
#[derive(Debug)]
pub struct File(PathBuf);

impl Held for File {
    type View<'a> = &'a Path;

    fn view<'a>(&'a self, _: &mut Inputs<'a>) -> Result<&'a Path> {
        Ok(&self.0)
    }
}

impl sealed::Sealed for PathBuf {}

impl Argument<&Path> for PathBuf {
    type Held = File;

    fn hold(self, needs: &mut Needs) -> File {
        needs.tell(b'/', self.as_os_str().as_encoded_bytes());
        File(self)
    }
}

impl sealed::Sealed for &Path {}

impl Argument<&Path> for &Path {
    type Held = File;

    fn hold(self, needs: &mut Needs) -> File {
        self.to_owned().hold(needs)
    }
}
