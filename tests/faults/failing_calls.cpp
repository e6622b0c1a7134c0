// A library to be preloaded: one call of a program to the system fails, once.
//
//   FAULTS_KIND    allocation, open, read, write, rename, flush or folder
//   FAULTS_AT      number of the call of that kind that fails, from 1 on
//   FAULTS_FOLDER  calls on files elsewhere are let through
//   FAULTS_REPORT  file that is told which call failed, "KIND PATH"; where none is to fail, how many there were of each
//                  kind
//
// Calls count from main on: what fails before, no program can answer for. Within the C library calls are not seen, so
// that streams of C are taken at fwrite and fopen.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

enum Kind { allocation, opening, reading, writing, renaming, flushing, folder_making, kinds };
constexpr const char* names[kinds] = {"allocation", "open", "read", "write", "rename", "flush", "folder"};

std::atomic<bool> armed{false};
std::atomic<long> calls[kinds];
int wanted_kind = -1;
long wanted_call = 0;
int report = -1;
const char* folder = nullptr;

/// Writes without a call that this library would take.
void tell(const char* text, std::size_t size) { (void)!::syscall(SYS_write, report, text, size); }

/// Counts a call, and says whether it is the one to fail; it then tells the report.
bool fails(Kind kind, const char* path) {
  if (!armed.load(std::memory_order_relaxed)) return false;
  const long number = ++calls[kind];
  if (kind != wanted_kind || number != wanted_call) return false;
  char line[PATH_MAX + 32];
  const int size = std::snprintf(line, sizeof line, "%s %s\n", names[kind], path);
  tell(line, static_cast<std::size_t>(size));
  return true;
}

bool is_watched(const char* path) { return folder != nullptr && std::strncmp(path, folder, std::strlen(folder)) == 0; }

/// Counts a call on a file by its name, relative to an open folder.
bool fails_at(Kind kind, int base, const char* path) {
  if (!armed.load(std::memory_order_relaxed)) return false;
  char whole[2 * PATH_MAX] = "";
  if (path[0] != '/') {
    char link[64];
    std::snprintf(link, sizeof link, base == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", base);
    const ssize_t size = ::readlink(link, whole, PATH_MAX - 1);
    whole[size < 0 ? 0 : size] = '\0';
    std::strncat(whole, "/", 2);
  }
  std::strncat(whole, path, PATH_MAX - 1);
  return is_watched(whole) && fails(kind, whole);
}

/// Counts a call on an open file. Standard output is watched, standard error is not.
bool fails_on(Kind kind, int file) {
  if (!armed.load(std::memory_order_relaxed) || file == STDERR_FILENO) return false;
  if (file == STDOUT_FILENO) return fails(kind, "standard output");
  char link[64], path[PATH_MAX];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return is_watched(path) && fails(kind, path);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

int refused(int error) {
  errno = error;
  return -1;
}

void* no_memory() {
  errno = ENOMEM;
  return nullptr;
}

void arm() {
  folder = std::getenv("FAULTS_FOLDER");
  if (const char* const path = std::getenv("FAULTS_REPORT"))
    report = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (const char* const at = std::getenv("FAULTS_AT")) wanted_call = std::atol(at);
  if (const char* const name = std::getenv("FAULTS_KIND"))
    for (int kind = 0; kind < kinds; ++kind)
      if (std::string_view(name) == names[kind]) wanted_kind = kind;
  armed = true;
}

using Main = int(int, char**, char**);
Main* program = nullptr;

int armed_main(int argc, char** argv, char** environment) {
  arm();
  const int code = program(argc, argv, environment);
  armed = false;
  if (wanted_kind < 0)
    for (int kind = 0; kind < kinds; ++kind) {
      char line[64];
      tell(line,
           static_cast<std::size_t>(std::snprintf(line, sizeof line, "%s %ld\n", names[kind], calls[kind].load())));
    }
  return code;
}

}  // namespace

extern "C" {

#pragma GCC visibility push(default)

int __libc_start_main(Main* main, int argc, char** argv, void (*init)(), void (*fini)(), void (*rtld_fini)(),
                      void* stack_end) {
  using Start = int(Main*, int, char**, void (*)(), void (*)(), void (*)(), void*);
  program = main;
  return next<Start>("__libc_start_main")(armed_main, argc, argv, init, fini, rtld_fini, stack_end);
}

void* malloc(std::size_t size) { return fails(allocation, "malloc") ? no_memory() : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) {
  return fails(allocation, "calloc") ? no_memory() : __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  return fails(allocation, "realloc") ? no_memory() : __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  return fails(allocation, "memalign") ? no_memory() : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  void* const got = memalign(alignment, size);
  if (got == nullptr) return ENOMEM;
  *memory = got;
  return 0;
}

int openat(int base, const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (fails_at(opening, base, path)) return refused(EMFILE);
  return static_cast<int>(::syscall(SYS_openat, base, path, flags, mode));
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
  if (fails_at(opening, AT_FDCWD, path)) return static_cast<FILE*>((errno = EMFILE, nullptr));
  return next<FILE*(const char*, const char*)>("fopen")(path, mode);
}
FILE* fopen64(const char*, const char*) __attribute__((alias("fopen")));
DIR* opendir(const char* path) {
  if (fails_at(opening, AT_FDCWD, path)) return static_cast<DIR*>((errno = EMFILE, nullptr));
  return next<DIR*(const char*)>("opendir")(path);
}

ssize_t read(int file, void* to, std::size_t size) {
  return fails_on(reading, file) ? refused(EIO) : ::syscall(SYS_read, file, to, size);
}
ssize_t readv(int file, const iovec* parts, int count) {
  return fails_on(reading, file) ? refused(EIO) : ::syscall(SYS_readv, file, parts, count);
}
ssize_t write(int file, const void* from, std::size_t size) {
  return fails_on(writing, file) ? refused(ENOSPC) : ::syscall(SYS_write, file, from, size);
}
ssize_t writev(int file, const iovec* parts, int count) {
  return fails_on(writing, file) ? refused(ENOSPC) : ::syscall(SYS_writev, file, parts, count);
}
std::size_t fwrite(const void* from, std::size_t size, std::size_t count, FILE* stream) {
  if (fails_on(writing, ::fileno(stream))) {
    constexpr int error_seen = 0x20;  // what ferror looks at
    stream->_flags |= error_seen;
    errno = ENOSPC;
    return 0;
  }
  return next<std::size_t(const void*, std::size_t, std::size_t, FILE*)>("fwrite")(from, size, count, stream);
}

int renameat(int from_base, const char* from, int to_base, const char* to) {
  if (fails_at(renaming, to_base, to)) return refused(EIO);
  return static_cast<int>(::syscall(SYS_renameat2, from_base, from, to_base, to, 0));
}
int rename(const char* from, const char* to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
int fsync(int file) { return fails_on(flushing, file) ? refused(EIO) : static_cast<int>(::syscall(SYS_fsync, file)); }
int fdatasync(int file) { return fsync(file); }
int mkdir(const char* path, mode_t mode) {
  if (fails_at(folder_making, AT_FDCWD, path)) return refused(ENOSPC);
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

#pragma GCC visibility pop

}  // extern "C"
