// Text out of somebody's file, made safe to show in a message.
#pragma once

#include <string>
#include <string_view>

namespace alfi {

/// Puts the text in single quotes: bytes outside printable ASCII as \xNN, cut after 60 bytes.
std::string printable(std::string_view text);

}  // namespace alfi
