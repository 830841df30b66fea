#version 450
#extension GL_GOOGLE_include_directive : require
// pointwise_conv2d by subgroups, in tiles of 16 rows x 8 pixels; the included file says more.
#define ROWS 16
#define DEPTH 8
#define TEXELS 2
#include "pointwise_conv2d_subgroup.glsl"
