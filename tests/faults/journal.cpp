// A library to be preloaded: keeps a journal (FAULTS_JOURNAL) of what a program does to the files in a folder
// (FAULTS_FOLDER), with the data, so that the disk after a loss of power at any moment can be made up.
#include "tests/faults/journal.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>

namespace {

using alfi::faults::Deed;
using alfi::faults::JournalEntry;

std::mutex mutex;

int journal() {
  static const int file = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, std::getenv("FAULTS_JOURNAL"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  return file;
}

bool is_watched(std::string_view path) {
  static const char* const folder = std::getenv("FAULTS_FOLDER");
  return folder != nullptr && path.starts_with(folder);
}

std::string linked(const std::string& link) {
  char path[PATH_MAX];
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  return {path, static_cast<std::size_t>(size < 0 ? 0 : size)};
}

std::string path_of(int file) { return linked("/proc/self/fd/" + std::to_string(file)); }

std::string path_at(int base, const char* path) {
  if (path[0] == '/') return path;
  return (base == AT_FDCWD ? linked("/proc/self/cwd") : path_of(base)) + "/" + path;
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

std::uint64_t parent_of(const std::string& path) { return inode_of(path.substr(0, path.rfind('/'))); }

/// Adds an entry in one write.
void note(JournalEntry entry, const std::string& path, const std::string& new_path = {}, std::string_view data = {}) {
  entry.path_size = path.size();
  entry.new_path_size = new_path.size();
  entry.data_size = data.size();
  std::string bytes(reinterpret_cast<const char*>(&entry), sizeof entry);
  bytes.append(path).append(new_path).append(data);
  (void)!::syscall(SYS_write, journal(), bytes.data(), bytes.size());
}

void note_removed(int base, const char* path, std::uint64_t inode) {
  const std::string whole = path_at(base, path);
  note({Deed::removed, inode, parent_of(whole), 0, 0, 0, 0}, whole);
}

/// Notes what opening a file did to it: that it is there now, or is empty.
void note_opened(int file, bool was_there, bool emptied) {
  const std::string path = path_of(file);
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (!was_there) note({Deed::created, status.st_ino, parent_of(path), 0, 0, 0, 0}, path);
  if (was_there && emptied) note({Deed::cut, status.st_ino, 0, 0, 0, 0, 0}, path);
}

void note_written(int file, std::string_view data) {
  const std::string path = path_of(file);
  struct stat status {};
  if (!is_watched(path) || ::fstat(file, &status) != 0) return;
  const auto end = static_cast<std::uint64_t>(::lseek(file, 0, SEEK_CUR));
  note({Deed::written, status.st_ino, 0, end - data.size(), 0, 0, 0}, path, {}, data);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int openat(int base, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const std::lock_guard lock(mutex);
  const std::string whole = path_at(base, path);
  const bool was_there = inode_of(whole) != 0;
  const int file = static_cast<int>(::syscall(SYS_openat, base, path, flags, mode));
  if (file >= 0 && (flags & O_ACCMODE) != O_RDONLY && is_watched(whole))
    note_opened(file, was_there, (flags & O_TRUNC) != 0);
  return file;
}
int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return openat(AT_FDCWD, path, flags, mode);
}
int open64(const char*, int, ...) __attribute__((alias("open")));
int openat64(int, const char*, int, ...) __attribute__((alias("openat")));
FILE* fopen(const char* path, const char* mode) {
  const std::lock_guard lock(mutex);
  const std::string whole = path_at(AT_FDCWD, path);
  const bool was_there = inode_of(whole) != 0;
  FILE* const file = next<FILE*(const char*, const char*)>("fopen")(path, mode);
  if (file != nullptr && mode[0] != 'r' && is_watched(whole)) note_opened(::fileno(file), was_there, mode[0] == 'w');
  return file;
}
FILE* fopen64(const char*, const char*) __attribute__((alias("fopen")));

ssize_t write(int file, const void* from, std::size_t size) {
  const std::lock_guard lock(mutex);
  const ssize_t done = ::syscall(SYS_write, file, from, size);
  if (done > 0) note_written(file, {static_cast<const char*>(from), static_cast<std::size_t>(done)});
  return done;
}
ssize_t writev(int file, const iovec* parts, int count) {
  std::string data;
  for (int i = 0; i < count; ++i) data.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return write(file, data.data(), data.size());
}

int fsync(int file) {
  const std::lock_guard lock(mutex);
  const int done = static_cast<int>(::syscall(SYS_fsync, file));
  const std::string path = path_of(file);
  if (done == 0 && is_watched(path)) note({Deed::flushed, inode_of(path), 0, 0, 0, 0, 0}, path);
  return done;
}
int fdatasync(int file) { return fsync(file); }

int renameat(int from_base, const char* from, int to_base, const char* to) {
  const std::lock_guard lock(mutex);
  const std::string old_path = path_at(from_base, from), path = path_at(to_base, to);
  const int done = static_cast<int>(::syscall(SYS_renameat2, from_base, from, to_base, to, 0));
  if (done == 0 && is_watched(path)) note({Deed::renamed, inode_of(path), parent_of(path), 0, 0, 0, 0}, old_path, path);
  return done;
}
int rename(const char* from, const char* to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int base, const char* path, int flags) {
  const std::lock_guard lock(mutex);
  const std::string whole = path_at(base, path);
  const std::uint64_t inode = inode_of(whole);
  const int done = static_cast<int>(::syscall(SYS_unlinkat, base, path, flags));
  if (done == 0 && is_watched(whole)) note_removed(base, path, inode);
  return done;
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char* path) {
  const int done = unlink(path);
  return done != 0 && (errno == EISDIR || errno == EPERM) ? rmdir(path) : done;
}

int mkdir(const char* path, mode_t mode) {
  const std::lock_guard lock(mutex);
  const std::string whole = path_at(AT_FDCWD, path);
  const int done = static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
  if (done == 0 && is_watched(whole)) note({Deed::folder_made, inode_of(whole), parent_of(whole), 0, 0, 0, 0}, whole);
  return done;
}

}  // extern "C"
