namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// The order in which CPython lists a set of small whole numbers: that of its hash table (open addressing, nine linear probes, growth to
/// four times the entries at three fifths full). One original prompt takes subtitle lines in this order.
/// </summary>
internal static class PythonSet
{
    private const int Probes = 9;

    public static IReadOnlyList<int> Order(IEnumerable<int> numbers)
    {
        var table = new int?[8];
        var used = 0;
        foreach (var number in numbers)
        {
            if (!Add(table, number)) continue;
            used++;
            if (used * 5 < (table.Length - 1) * 3) continue;
            var size = 8;
            while (size <= used * 4) size <<= 1;
            var larger = new int?[size];
            foreach (var entry in table)
            {
                if (entry is { } value) Add(larger, value);
            }

            table = larger;
        }

        return [.. table.Where(e => e is not null).Select(e => e!.Value)];
    }

    private static bool Add(int?[] table, int number)
    {
        var mask = (uint)table.Length - 1;
        var (i, perturb) = ((uint)number & mask, (uint)number);
        while (true)
        {
            var last = i + Probes <= mask ? i + Probes : i;
            for (var at = i; at <= last; at++)
            {
                if (table[at] is null)
                {
                    table[at] = number;
                    return true;
                }

                if (table[at] == number) return false;
            }

            perturb >>= 5;
            i = ((i * 5) + 1 + perturb) & mask;
        }
    }
}
