# SPDX-License-Identifier: GPL-2.0
"""What guests said: is it what a good run says, and what came of it."""
