namespace Studio.Engine.World;

/// <summary>Writes short marks in our own 5 × 7 letters.</summary>
internal static class TextPainter
{
    /// <summary>What can be written.</summary>
    internal const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ:";

    private const int LetterWidth = 5;
    private const int LetterHeight = 7;
    private const int Advance = LetterWidth + 1;
    private const int Samples = 4;

    // One number a letter: seven rows of five bits from the top, the highest bit first.
    private static readonly string[] s_rows =
    [
        "01110 10001 10011 10101 11001 10001 01110", "00100 01100 00100 00100 00100 00100 01110", "01110 10001 00001 00110 01000 10000 11111",
        "11111 00010 00100 00010 00001 10001 01110", "00010 00110 01010 10010 11111 00010 00010", "11111 10000 11110 00001 00001 10001 01110",
        "00110 01000 10000 11110 10001 10001 01110", "11111 00001 00010 00100 01000 01000 01000", "01110 10001 10001 01110 10001 10001 01110",
        "01110 10001 10001 01111 00001 00010 01100", "01110 10001 10001 11111 10001 10001 10001", "11110 10001 10001 11110 10001 10001 11110",
        "01110 10001 10000 10000 10000 10001 01110", "11100 10010 10001 10001 10001 10010 11100", "11111 10000 10000 11110 10000 10000 11111",
        "11111 10000 10000 11110 10000 10000 10000", "01110 10001 10000 10111 10001 10001 01111", "10001 10001 10001 11111 10001 10001 10001",
        "01110 00100 00100 00100 00100 00100 01110", "00111 00010 00010 00010 00010 10010 01100", "10001 10010 10100 11000 10100 10010 10001",
        "10000 10000 10000 10000 10000 10000 11111", "10001 11011 10101 10101 10001 10001 10001", "10001 10001 11001 10101 10011 10001 10001",
        "01110 10001 10001 10001 10001 10001 01110", "11110 10001 10001 11110 10000 10000 10000", "01110 10001 10001 10001 10101 10010 01101",
        "11110 10001 10001 11110 10100 10010 10001", "01111 10000 10000 01110 00001 00001 11110", "11111 00100 00100 00100 00100 00100 00100",
        "10001 10001 10001 10001 10001 10001 01110", "10001 10001 10001 10001 10001 01010 00100", "10001 10001 10001 10101 10101 10101 01010",
        "10001 10001 01010 00100 01010 10001 10001", "10001 10001 10001 01010 00100 00100 00100", "11111 00001 00010 00100 01000 10000 11111",
        "00000 00100 00100 00000 00100 00100 00000",
    ];

    private static readonly bool[][] s_bits = [.. s_rows.Select(rows => rows.Where(c => c != ' ').Select(c => c == '1').ToArray())];

    /// <summary>Writes a mark in black on a white plate.</summary>
    /// <exception cref="ArgumentException">A letter is not among <see cref="Letters"/>.</exception>
    public static void Draw(Span<byte> rgb, int width, int height, string text, WorldPoint place, int size)
    {
        // One cell of the letters, in 16.16 pixels; the plate reaches a cell and a half beyond them.
        long cell = (long)size * Math.Min(width, height) / LetterHeight;
        if (cell < 1)
        {
            return;
        }

        int columns = (text.Length * Advance) - 1;
        bool[] bits = new bool[columns * LetterHeight];
        for (int i = 0; i < text.Length; i++)
        {
            int letter = Letters.IndexOf(text[i], StringComparison.Ordinal);
            if (letter < 0)
            {
                throw new ArgumentException($"'{text}' holds '{text[i]}', which cannot be written; there are {Letters}.", nameof(text));
            }

            for (int j = 0; j < s_bits[letter].Length; j++)
            {
                bits[(j / LetterWidth * columns) + (i * Advance) + (j % LetterWidth)] = s_bits[letter][j];
            }
        }

        long left = ((long)place.X * width) - (columns * cell / 2);
        long top = ((long)place.Y * height) - (LetterHeight * cell / 2);
        long rim = cell * 3 / 2;
        (int x0, int x1) = ((int)Math.Max(0, (left - rim) >> 16), (int)Math.Min(width - 1, (left + (columns * cell) + rim) >> 16));
        (int y0, int y1) = ((int)Math.Max(0, (top - rim) >> 16), (int)Math.Min(height - 1, (top + (LetterHeight * cell) + rim) >> 16));
        for (int y = y0; y <= y1; y++)
        {
            for (int x = x0; x <= x1; x++)
            {
                (int plate, int ink) = Cover(bits, columns, ((long)x << 16) - left, ((long)y << 16) - top, cell, rim);
                int at = ((y * width) + x) * 3;
                for (int c = 0; c < 3; c++)
                {
                    int under = rgb[at + c] * ((Samples * Samples) - plate);
                    rgb[at + c] = (byte)((under + (250 * (plate - ink)) + (20 * ink)) / (Samples * Samples));
                }
            }
        }
    }

    /// <summary>How many of a pixel's sixteen points lie on the plate, and how many on a letter.</summary>
    private static (int Plate, int Ink) Cover(bool[] bits, int columns, long x, long y, long cell, long rim)
    {
        (int plate, int ink) = (0, 0);
        for (int s = 0; s < Samples * Samples; s++)
        {
            long px = x + (((2 * (s % Samples)) + 1) << 13);
            long py = y + (((2 * (s / Samples)) + 1) << 13);
            if (px < -rim || py < -rim || px >= (columns * cell) + rim || py >= (LetterHeight * cell) + rim)
            {
                continue;
            }

            plate++;
            if (px >= 0 && py >= 0 && px < columns * cell && py < LetterHeight * cell)
            {
                ink += bits[((int)(py / cell) * columns) + (int)(px / cell)] ? 1 : 0;
            }
        }

        return (plate, ink);
    }
}
