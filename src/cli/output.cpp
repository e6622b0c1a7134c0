#include "src/cli/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "alfi/error.hpp"

namespace alfi::cli {
namespace {

void check(bool written) {
  if (written) return;
  if (errno == EPIPE) throw ReaderGone{};
  throw RunError(fmt::format("standard output cannot be written: {}", std::strerror(errno)));
}

}  // namespace

void write_output(std::string_view text) {
  check(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
  check(std::fflush(stdout) == 0);
}

void flush_output() {
  check(static_cast<bool>(std::cout.flush()));
  check(std::fflush(stdout) == 0 && std::ferror(stdout) == 0);
}

}  // namespace alfi::cli
