// The version, which the build passes on from its project.
#pragma once

namespace alfi::cli {

inline constexpr const char* version = ALFI_VERSION;

}  // namespace alfi::cli
