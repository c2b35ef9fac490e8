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
# and sets the variable to the list of object files. MIXED <source>...: these once more with MTP_MIXED defined.
function(mtp_add_kernel variable)
  cmake_parse_arguments(PARSE_ARGV 1 kernel "" "" "MIXED")
  set(files)
  foreach(isa IN LISTS MTP_KERNEL_ISAS)
    string(REPLACE neon baseline variant ${isa})
    foreach(precision "" "-mixed")
      set(target mtp-kernel-${isa}${precision})
      set(sources ${kernel_UNPARSED_ARGUMENTS})
      if(precision)
        set(sources ${kernel_MIXED})
      endif()
      add_library(${target} OBJECT ${sources})
      target_link_libraries(${target} PRIVATE mtp-internal)
      set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_VISIBILITY_PRESET hidden)
      target_compile_definitions(${target} PRIVATE MTP_ISA=${variant} $<$<BOOL:${precision}>:MTP_MIXED>)
      target_compile_options(${target} PRIVATE ${MTP_KERNEL_FLAGS} ${MTP_KERNEL_FLAGS_${isa}})
      list(APPEND files $<TARGET_OBJECTS:${target}>)
    endforeach()
  endforeach()
  set(${variable} ${files} PARENT_SCOPE)
endfunction()
