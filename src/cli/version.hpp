// The version, from the build's project.
#pragma once

#ifndef ALFI_VERSION
#define ALFI_VERSION "0.1.0"
#endif

namespace alfi::cli {

inline constexpr const char* version = ALFI_VERSION;

}  // namespace alfi::cli
