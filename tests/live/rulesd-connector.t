#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# cgx-rulesd without BPF: all that rulesd.t asks, of the process connector alone.
RULESD_SOURCE=--no-bpf exec sh "$(dirname "$0")/rulesd.t"
