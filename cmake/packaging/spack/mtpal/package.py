# SPDX-License-Identifier: GPL-2.0-or-later
"""A Spack package: copy the folder mtpal into the `packages` of a repository of yours (`spack repo create`), then

    spack install --source lammps+lib+plugin
    spack dev-build -d SOURCE mtpal@0.1.0

where SOURCE is this source tree. `--source` keeps the headers of LAMMPS that a plugin needs and that its own
installation leaves out; with ~plugin neither LAMMPS nor this is needed.
"""
import os

from spack.package import *

try:
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ImportError:  # Spack before 1.0 has it in spack.package
    pass


class Mtpal(CMakePackage):
    """Moment tensor potentials: the library libmtpal, the command mtp, the LAMMPS pair styles mtp and mtp/al, which
    learn from a QM engine while LAMMPS runs, and a Python module."""

    license("GPL-2.0-or-later")
    version("0.1.0")

    variant("plugin", default=True, description="The plugin of LAMMPS, and LAMMPS as a reference of mtp")
    variant("python", default=True, description="Need what the Python module needs (it is installed in any case)")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.18:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("openblas")
    depends_on("libxml2")
    depends_on("zlib-api")
    depends_on("cjson")
    depends_on("mpi")
    depends_on("lammps@20210929:+lib+plugin+mpi", when="+plugin")
    depends_on("python@3.8:", when="+python", type="run")
    depends_on("py-numpy", when="+python", type="run")
    extends("python", when="+python")

    def lammps_source(self):
        """What `spack install --source` keeps, in share/lammps/src: there the src of LAMMPS itself."""
        source = join_path(self.spec["lammps"].prefix.share, "lammps", "src", "src")
        if not os.path.exists(join_path(source, "lammpsplugin.h")):
            raise InstallError("the headers of LAMMPS are missing: spack install --source lammps+lib+plugin")
        return source

    def cmake_args(self):
        spec = self.spec
        blas = spec["openblas"]
        args = [
            self.define("BUILD_TESTING", False),
            self.define("MPI_CXX_COMPILER", spec["mpi"].mpicxx),
            self.define("OPENBLAS_LIBRARY", blas.libs[0]),
            self.define("OPENBLAS_INCLUDE_DIR", blas.prefix.include),
            # OpenBLAS holds LAPACKE
            self.define("LAPACKE_LIBRARY", blas.libs[0]),
            self.define("LAPACKE_INCLUDE_DIR", blas.prefix.include),
            self.define("LIBXML2_INCLUDE_DIR", join_path(spec["libxml2"].prefix.include, "libxml2")),
        ]
        if "+plugin" in spec:
            args.append(self.define("LAMMPS_SOURCE_DIR", self.lammps_source()))
            args.append(self.define("LAMMPS_SIZES", spec["lammps"].variants["lammps_sizes"].value))
            args.append(self.define("LAMMPS_LIBRARY", find_libraries(
                "liblammps", spec["lammps"].prefix, shared=True, recursive=True)[0]))
            args.append(self.define("LAMMPS_EXECUTABLE", join_path(spec["lammps"].prefix.bin, "lmp")))
        if "+python" in spec:
            args.append(self.define("MTP_PYTHON_DIR", python_platlib))
        return args

    def setup_run_environment(self, env):
        env.set("OPENBLAS_NUM_THREADS", "1")
        env.set("MTP_LIBRARY", join_path(self.prefix.lib, "libmtpal.so"))
        if "+plugin" in self.spec:
            env.set("LAMMPS_PLUGIN_PATH", join_path(self.prefix.lib, "lammps", "plugins"))
