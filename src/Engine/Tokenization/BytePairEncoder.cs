using System.Buffers;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Merges the bytes of one word into tokens: always the pair of lowest rank, the leftmost among equals (Sennrich et al. 2016, in
/// the byte-level form of GPT-2). A linked list of symbols and a priority queue of candidate pairs make it O(n log n) in the
/// word's bytes. Immutable after loading; thread safe.
/// </summary>
internal sealed class BytePairEncoder
{
    private const int None = -1;

    private readonly int[] _byteIds;
    private readonly Dictionary<ulong, Merge> _merges;

    /// <param name="byteIds">The 256 ids of the single-byte tokens.</param>
    /// <param name="merges">Key: <see cref="Pair"/> of the two ids.</param>
    internal BytePairEncoder(int[] byteIds, Dictionary<ulong, Merge> merges)
    {
        _byteIds = byteIds;
        _merges = merges;
    }

    internal readonly record struct Merge(int Rank, int Result);

    /// <summary>
    /// One number per pair. The odd factor keeps pairs distinct and scatters them: a dictionary hashes a number by folding its
    /// halves, which would put all pairs of two equal tokens, the food of long runs of one character, into one bucket.
    /// </summary>
    internal static ulong Pair(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15;

    /// <summary>
    /// Appends the ids of <paramref name="word"/>; returns the number of candidate pairs taken from the queue, at most 3 n.
    /// </summary>
    internal int Encode(ReadOnlySpan<byte> word, List<int> ids)
    {
        if (word.Length < 2)
        {
            if (word.Length == 1)
            {
                ids.Add(_byteIds[word[0]]);
            }

            return 0;
        }

        var rented = ArrayPool<int>.Shared.Rent(4 * word.Length);
        try
        {
            return new Run(_merges, rented, word.Length).Encode(word, _byteIds, ids);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// The state of one word: symbol i starts at byte i; a symbol merged into its left neighbour has id <see cref="None"/>.
    /// </summary>
    private readonly ref struct Run
    {
        private readonly Dictionary<ulong, Merge> _merges;
        private readonly Span<int> _symbols;
        private readonly Span<int> _next;
        private readonly Span<int> _previous;

        // Rank of the pair (symbol, next), None when it is no merge. Queue entries that differ from it are out of date.
        private readonly Span<int> _ranks;
        private readonly PriorityQueue<int, ulong> _queue;

        internal Run(Dictionary<ulong, Merge> merges, Span<int> storage, int length)
        {
            _merges = merges;
            _symbols = storage[..length];
            _next = storage.Slice(length, length);
            _previous = storage.Slice(2 * length, length);
            _ranks = storage.Slice(3 * length, length);
            _queue = new PriorityQueue<int, ulong>(Math.Min(length, 64));
        }

        internal int Encode(ReadOnlySpan<byte> word, int[] byteIds, List<int> ids)
        {
            for (var i = 0; i < word.Length; i++)
            {
                _symbols[i] = byteIds[word[i]];
                _previous[i] = i - 1;
                _next[i] = i + 1 < word.Length ? i + 1 : None;
            }

            for (var i = 0; i < word.Length; i++)
            {
                Consider(i);
            }

            var taken = 0;
            while (_queue.TryDequeue(out var left, out var key))
            {
                taken++;
                if (_symbols[left] != None && _ranks[left] == (int)(key >> 32))
                {
                    Apply(left);
                }
            }

            for (var i = 0; i != None; i = _next[i])
            {
                ids.Add(_symbols[i]);
            }

            return taken;
        }

        private void Apply(int left)
        {
            var right = _next[left];
            _symbols[left] = _merges[Pair(_symbols[left], _symbols[right])].Result;
            _symbols[right] = None;
            var after = _next[right];
            _next[left] = after;
            if (after != None)
            {
                _previous[after] = left;
            }

            Consider(left);
            if (_previous[left] != None)
            {
                Consider(_previous[left]);
            }
        }

        private void Consider(int left)
        {
            _ranks[left] = None;
            var right = _next[left];
            if (right != None && _merges.TryGetValue(Pair(_symbols[left], _symbols[right]), out var merge))
            {
                _ranks[left] = merge.Rank;
                _queue.Enqueue(left, ((ulong)(uint)merge.Rank << 32) | (uint)left);
            }
        }
    }
}
