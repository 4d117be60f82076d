/* SPDX-License-Identifier: Apache-2.0 */
/* A library that does nothing: that it was loaded is the point. */
int goal_loaded(void) { return 0; }
