// A module's table of contents. Compiled with ALFI_SIMULATOR_HEADER, the user's header; with ALFI_DEVICE_CODE, the file
// that module_device.cu was translated to, if it was; with ALFI_LINKED, a hash of what it was made of, it is linked
// into a program and registers itself.
#include ALFI_SIMULATOR_HEADER

#include "alfi/stamp.hpp"
#include "kernels/launch/module.hpp"

#ifdef ALFI_DEVICE_CODE
asm(".pushsection .rodata\n"
    "alfi_device_code: .incbin \"" ALFI_DEVICE_CODE
    "\"\n"
    ".byte 0\n"
    ".popsection");
extern "C" const char alfi_device_code[];
#else
constexpr const char* alfi_device_code = nullptr;
#endif

extern "C" {
extern const alfi::HostSimulator alfi_functions_baseline;
#ifdef ALFI_X86
extern const alfi::HostSimulator alfi_functions_avx2, alfi_functions_avx512;
#endif

[[gnu::visibility("default"), gnu::used]] extern const char alfi_module_stamp[];
const char alfi_module_stamp[] = ALFI_STAMP;

[[gnu::visibility("default"), gnu::used]] extern const alfi::SimulatorModule alfi_module;
const alfi::SimulatorModule alfi_module{.facts = alfi::ModuleSimulator::facts,
                                        .table = alfi::table_of<alfi::ModuleSimulator>(),
#ifdef ALFI_X86
                                        .sets = {{"baseline", &alfi_functions_baseline},
                                                 {"avx2", &alfi_functions_avx2},
                                                 {"avx512", &alfi_functions_avx512}},
                                        .set_count = 3,
                                        .device_code = alfi_device_code};
#else
                                        .sets = {{"baseline", &alfi_functions_baseline}},
                                        .set_count = 1,
                                        .device_code = alfi_device_code};
#endif
}

#ifdef ALFI_LINKED
namespace {
[[gnu::used]] const bool registered = (alfi::register_linked_simulator(ALFI_STAMP, alfi_module, ALFI_LINKED), true);
}
#endif
