# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel is compiled once for every instruction set that a machine may have; the library chooses at run time.
# Nothing else is compiled for a particular processor, so that what is built runs everywhere.

# -ffp-contract: strict C11 forbids fused multiply-adds, which are half of the kernel's speed.
# -fno-math-errno: a square root is one instruction instead of a call.
set(MTP_KERNEL_FLAGS -ffp-contract=fast -fno-math-errno)
set(MTP_KERNEL_FLAGS_avx2 -mavx2 -mfma)
set(MTP_KERNEL_FLAGS_avx512 -mavx512f -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512)
# The first is what every processor of the kind has, and `baseline` to the sources; lib/support/context.c has the names.
set(MTP_KERNEL_ISAS baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  list(APPEND MTP_KERNEL_ISAS avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  set(MTP_KERNEL_ISAS neon)
endif()

# mtp_add_kernel(<variable> <source>...): compiles the sources for every instruction set with MTP_ISA defined as its name
# and sets the variable to the list of object files.
function(mtp_add_kernel variable)
  set(files)
  foreach(isa IN LISTS MTP_KERNEL_ISAS)
    add_library(mtp-kernel-${isa} OBJECT ${ARGN})
    target_link_libraries(mtp-kernel-${isa} PRIVATE mtp-internal)
    set_target_properties(mtp-kernel-${isa} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
    string(REPLACE neon baseline variant ${isa})
    target_compile_definitions(mtp-kernel-${isa} PRIVATE MTP_ISA=${variant})
    target_compile_options(mtp-kernel-${isa} PRIVATE ${MTP_KERNEL_FLAGS} ${MTP_KERNEL_FLAGS_${isa}})
    list(APPEND files $<TARGET_OBJECTS:mtp-kernel-${isa}>)
  endforeach()
  set(${variable} ${files} PARENT_SCOPE)
endfunction()
