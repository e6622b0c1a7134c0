// Presence of a sanitizer that watches over the tests. It makes fibers twenty times slower and statistics five times.
// Tests of either then show nothing that they do not show without it: shorter tests run what they run.
#pragma once

namespace alfi::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace alfi::test
