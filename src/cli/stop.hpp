// Signals by which people stop a long job: Ctrl-C or a termination asks for it, a second one kills.
#pragma once

namespace alfi::cli {

/// From now on the first signal asks for a stop.
void listen_for_stop();
/// Says whether such a signal came.
bool stop_wanted();

}  // namespace alfi::cli
