// Where the tiles of winograd.glsl lie in an activation (N/G, C, G, H, WIDTH*CHUNK), WIDTH being counted in chunks.
#ifndef WINOGRAD_TILES_GLSL
#define WINOGRAD_TILES_GLSL

struct Tile {
    uint at;     // its first value: a texel, or a single float
    uint row;    // of the image
    uint column; // likewise, in texels or floats
    uint image;
    bool real;   // there is such a tile
};

// tile_of is tile number p of channel c; one behind the last lies where the first one does.
Tile tile_of(uint p, uint tiles, uint c) {
    const uint down = (H + 3u) / 4u, across = (WIDTH * CHUNK + 3u) / 4u, step = 4u / CHUNK;
    bool real = p < tiles;
    p = real ? p : 0u;
    uint row = p / across % down * 4u, column = p % across * step, image = p / (down * across);
    return Tile(plane_at(image, c, C, G, H * WIDTH) + row * WIDTH + column, row, column, image, real);
}

#endif
