// The end of work whose result is no longer wanted.
#pragma once

namespace alfi {

/// Thrown out of work that was left unfinished, since a stop was asked for.
struct Abandoned {};

}  // namespace alfi
