// The cache of compiled modules, for a test alone.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "tests/support/temporary_folder.hpp"

namespace alfi::test {

/// A cache of compiled modules for a test alone.
class OwnCache {
 public:
  OwnCache() {
    if (const char* const other = std::getenv("XDG_CACHE_HOME")) other_ = other;
    ::setenv("XDG_CACHE_HOME", folder_.path().c_str(), 1);
  }
  OwnCache(const OwnCache&) = delete;
  OwnCache& operator=(const OwnCache&) = delete;
  ~OwnCache() { other_ ? ::setenv("XDG_CACHE_HOME", other_->c_str(), 1) : ::unsetenv("XDG_CACHE_HOME"); }

 private:
  TemporaryFolder folder_;
  std::optional<std::string> other_;
};

}  // namespace alfi::test
