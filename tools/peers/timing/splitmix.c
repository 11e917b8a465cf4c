/* The made-up numbers of `bench` (tools/bench/src/workloads/made/numbers.rs): SplitMix64 of the index, as parts of 1.
 *
 * In C, so that peers don't wait for their input longer than thermocline does. */

#include <stddef.h>
#include <stdint.h>

static double draw(uint64_t index) {
    uint64_t z = (index + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* Fills `rows` by `columns` numbers: of a matrix of rows of `width`, those from the one at `first` on. */
void fill(double *out, size_t rows, size_t columns, uint64_t first, uint64_t width) {
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            out[row * columns + column] = draw(first + row * width + column);
}
