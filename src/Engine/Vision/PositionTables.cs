using Studio.Engine.Torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Vision;

/// <summary>
/// Position tables of the towers (spec 3.2, 3.3): UMT's fixed sinusoids, which no checkpoint stores, and the resizing of
/// tables in space (bicubic, a = -0.75, align_corners false, no antialiasing) and time (linear, align_corners false).
/// All tables are fp32 on the CPU; a tower casts them to its compute type before adding (spec Q4).
/// </summary>
public static class PositionTables
{
    /// <summary>Patches along a side on which UMT was pretrained: other sizes resize this grid.</summary>
    public const int PretrainingGrid = 14;

    /// <summary>Frames of a clip on which UMT was pretrained.</summary>
    public const int PretrainingFrames = 4;

    private const double Base = 10000;

    /// <summary>
    /// Entry (p, j) is sin(p / 10000^(2⌊j/2⌋/width)) for even j, cos of the same for odd j; float64 rounded once to fp32.
    /// </summary>
    /// <returns>[1, positions, width] fp32 on the CPU.</returns>
    public static Tensor Sinusoid(int positions, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var divisors = new double[width];
        for (var j = 0; j < width; j++) divisors[j] = Math.Pow(Base, 2.0 * (j / 2) / width);

        var table = torch.empty([1, positions, width]);
        var values = table.data<float>();
        for (var p = 0; p < positions; p++)
        {
            for (var j = 0; j < width; j++)
            {
                var angle = p / divisors[j];
                values[(p * width) + j] = (float)(j % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle));
            }
        }

        return table;
    }

    /// <summary>UMT's table of a clip: the 4 × 14 × 14 sinusoid, resized in space and then in time.</summary>
    /// <returns>[1, frames * grid * grid, width], in order of time, row, column.</returns>
    public static Tensor UmtClip(int frames, int grid, int width)
    {
        using var scope = torch.NewDisposeScope();
        var table = Sinusoid(PretrainingFrames * PretrainingGrid * PretrainingGrid, width);
        table = ResizeSpace(table, PretrainingFrames, PretrainingGrid, grid);
        return ResizeTime(table, PretrainingFrames, frames).MoveToOuterDisposeScope();
    }

    /// <summary>UMT's table of a still image: the 14 × 14 sinusoid, resized in space.</summary>
    /// <returns>[1, grid * grid, width].</returns>
    public static Tensor UmtImage(int grid, int width)
    {
        using var scope = torch.NewDisposeScope();
        var table = Sinusoid(PretrainingGrid * PretrainingGrid, width);
        return ResizeSpace(table, 1, PretrainingGrid, grid).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// A learned table whose row 0 belongs to the class token, resized in time and then in space (InternVideo2's order);
    /// row 0 stays as it is.
    /// </summary>
    /// <param name="table">[1, 1 + fromFrames * fromGrid², width], any float type.</param>
    /// <returns>[1, 1 + frames * grid², width] fp32.</returns>
    /// <exception cref="ArgumentException">The row count is not 1 + fromFrames * fromGrid².</exception>
    public static Tensor ResizeLearned(Tensor table, int fromFrames, int fromGrid, int frames, int grid)
    {
        ArgumentNullException.ThrowIfNull(table);
        var patches = (long)fromFrames * fromGrid * fromGrid;
        if (table.ndim != 3 || table.size(1) != 1 + patches)
        {
            throw new ArgumentException($"a position table of shape [{string.Join(", ", table.shape)}] does not hold a "
                + $"class row and {fromFrames} frames of {fromGrid} x {fromGrid} patches ({1 + patches} rows)");
        }

        using var scope = torch.NewDisposeScope();
        var wide = table.to(Device.CPU, ScalarType.Float32);
        var body = ResizeTime(wide.narrow(1, 1, patches), fromFrames, frames);
        body = ResizeSpace(body, frames, fromGrid, grid);
        return torch.cat([wide.narrow(1, 0, 1), body], 1).MoveToOuterDisposeScope();
    }

    /// <summary>[1, frames * from², width] → [1, frames * to², width], each frame by itself.</summary>
    private static Tensor ResizeSpace(Tensor table, int frames, int from, int to)
    {
        if (from == to) return table;
        var width = table.size(2);
        var images = table.reshape(frames, from, from, width).permute(0, 3, 1, 2);
        return F.interpolate_bicubic(images, to, to).permute(0, 2, 3, 1).reshape(1, (long)frames * to * to, width);
    }

    /// <summary>[1, from * patches, width] → [1, to * patches, width], each patch position by itself.</summary>
    private static Tensor ResizeTime(Tensor table, int from, int to)
    {
        if (from == to) return table;
        var (patches, width) = (table.size(1) / from, table.size(2));
        var series = table.reshape(from, patches, width).permute(1, 2, 0);
        return F.interpolate_linear(series, to).permute(2, 0, 1).reshape(1, to * patches, width);
    }
}
