/* SPDX-License-Identifier: BSD-2-Clause */
#include "out.h"

struct out out;
