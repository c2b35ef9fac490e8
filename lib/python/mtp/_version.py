# SPDX-License-Identifier: BSD-3-Clause
"""The version of the package and of the library that it speaks to, which are the same."""
VERSION = '0.1.0'
