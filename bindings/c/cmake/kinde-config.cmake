# find_package(kinde) gives the targets kinde::kinde (shared) and kinde::static.
#
# Everything is found from where this file lies, so that the installed tree may be moved.
get_filename_component(kinde_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

find_path(kinde_INCLUDE_DIR kinde.h PATHS "${kinde_prefix}/include" NO_DEFAULT_PATH NO_CACHE)
foreach(kinde_kind SHARED STATIC)
  find_library(kinde_${kinde_kind}_LIBRARY
    NAMES "${CMAKE_${kinde_kind}_LIBRARY_PREFIX}kinde${CMAKE_${kinde_kind}_LIBRARY_SUFFIX}"
    PATHS "${kinde_prefix}"
    PATH_SUFFIXES lib lib64 "lib/${CMAKE_LIBRARY_ARCHITECTURE}"
    NO_DEFAULT_PATH NO_CACHE)
endforeach()

include(CMakeFindDependencyMacro)
find_dependency(Threads)

if(kinde_INCLUDE_DIR AND kinde_SHARED_LIBRARY AND NOT TARGET kinde::kinde)
  add_library(kinde::kinde SHARED IMPORTED)
  set_target_properties(kinde::kinde PROPERTIES
    IMPORTED_LOCATION "${kinde_SHARED_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${kinde_INCLUDE_DIR}")
endif()

if(kinde_INCLUDE_DIR AND kinde_STATIC_LIBRARY AND NOT TARGET kinde::static)
  add_library(kinde::static STATIC IMPORTED)
  set_target_properties(kinde::static PROPERTIES
    IMPORTED_LOCATION "${kinde_STATIC_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${kinde_INCLUDE_DIR}"
    # What `rustc --print native-static-libs` lists; the test of the installation compares.
    INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;Threads::Threads;m;${CMAKE_DL_LIBS}")
endif()

if(TARGET kinde::kinde OR TARGET kinde::static)
  set(kinde_FOUND TRUE)
else()
  set(kinde_FOUND FALSE)
  set(kinde_NOT_FOUND_MESSAGE "neither libkinde nor its header is below ${kinde_prefix}")
endif()
unset(kinde_prefix)
