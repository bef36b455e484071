using System.Collections.Concurrent;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Remembers the ids of short words. Holds at most <see cref="Capacity"/> words of at most <see cref="MaxWordLength"/> UTF-16
/// units (a few megabytes); when full it is emptied and fills again with what is current. Thread safe.
/// </summary>
internal sealed class WordCache
{
    internal const int Capacity = 8192;
    internal const int MaxWordLength = 48;

    private readonly ConcurrentDictionary<string, int[]> _words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Lock _writing = new();
    private int _count;

    internal WordCache() => _lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();

    internal int Count => _words.Count;

    internal bool TryGet(ReadOnlySpan<char> word, out int[] ids) => _lookup.TryGetValue(word, out ids!);

    internal void Add(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length > MaxWordLength)
        {
            return;
        }

        var copy = ids.ToArray();
        lock (_writing)
        {
            if (_count >= Capacity)
            {
                _words.Clear();
                _count = 0;
            }

            if (_lookup.TryAdd(word, copy))
            {
                _count++;
            }
        }
    }
}
