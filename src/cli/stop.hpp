// Signals by which people stop a long job: Ctrl-C or a termination asks for it, a second one kills.
#pragma once

namespace alfi::cli {

/// Takes the first signal from now on as a wish to stop.
void listen_for_stop();
/// Says whether such a signal came.
bool stop_wanted();

}  // namespace alfi::cli
