using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// The vocabulary: the bytes of every id in one pool, found by id or by content. About 16 bytes per token beside the pool
/// instead of one string each. Filled once by the loader (not thread safe), then only read.
/// </summary>
internal sealed class TokenTable
{
    /// <summary>Highest number of ids accepted; the published vocabularies have up to 262,144.</summary>
    internal const int MaxIds = 1 << 22;

    /// <summary>Longest token accepted, in bytes; the longest of the Qwen vocabulary has 128.</summary>
    internal const int MaxTokenBytes = 1 << 16;

    private const int MinimumSlots = 1 << 10;

    // Tokens with a spelling outside the byte-level alphabet and added tokens: found by their text, not by their bytes.
    private readonly Dictionary<string, int> _literalIds = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _literals = [];

    private byte[] _pool = new byte[1 << 16];
    private int _poolLength;
    private int[] _offsets = new int[1 << 12];
    private int[] _lengths = new int[1 << 12];

    // Open addressing with linear probing; a slot holds id + 1, 0 is free. At most half full.
    private int[] _slots = new int[MinimumSlots];
    private int _used;

    /// <summary>Highest id + 1. Ids without a token in between count.</summary>
    internal int Count { get; private set; }

    internal bool Contains(int id) => (uint)id < (uint)Count && _lengths[id] > 0;

    /// <summary>The bytes a token stands for; empty for an id without a token.</summary>
    internal ReadOnlySpan<byte> Bytes(int id) => Contains(id) ? _pool.AsSpan(_offsets[id], _lengths[id]) : [];

    /// <summary>The id of the vocabulary token with these bytes, or -1. Added tokens are not found.</summary>
    internal int Find(ReadOnlySpan<byte> bytes)
    {
        for (var slot = Hash(bytes) & (_slots.Length - 1); _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
        {
            var id = _slots[slot] - 1;
            if (Bytes(id).SequenceEqual(bytes))
            {
                return id;
            }
        }

        return -1;
    }

    /// <summary>The id of a token spelled as in the file ("Ġhello", "&lt;|im_end|&gt;"), or -1.</summary>
    internal int Find(string spelling)
    {
        if (_literalIds.TryGetValue(spelling, out var id))
        {
            return id;
        }

        if (spelling.Length > MaxTokenBytes)
        {
            return -1;
        }

        Span<byte> bytes = spelling.Length <= 256 ? stackalloc byte[spelling.Length] : new byte[spelling.Length];
        return ByteLevelAlphabet.TryToBytes(spelling, bytes) ? Find(bytes) : -1;
    }

    internal string Spelling(int id) => _literals.TryGetValue(id, out var text) ? text : ByteLevelAlphabet.Spell(Bytes(id));

    /// <summary>Adds a vocabulary token by its bytes; false when the id or the bytes are taken.</summary>
    internal bool TryAdd(int id, ReadOnlySpan<byte> bytes)
    {
        if (Contains(id) || Find(bytes) >= 0)
        {
            return false;
        }

        Store(id, bytes);
        if (2 * ++_used > _slots.Length)
        {
            Grow();
        }

        Occupy(id);
        return true;
    }

    /// <summary>Adds a token that stands for its own text; false when the id or the text is taken.</summary>
    internal bool TryAddLiteral(int id, string text)
    {
        if (Contains(id) || !_literalIds.TryAdd(text, id))
        {
            return false;
        }

        Store(id, Encoding.UTF8.GetBytes(text));
        _literals.Add(id, text);
        return true;
    }

    private void Store(int id, ReadOnlySpan<byte> bytes)
    {
        if (id >= _offsets.Length)
        {
            var size = Math.Max(id + 1, 2 * _offsets.Length);
            Array.Resize(ref _offsets, size);
            Array.Resize(ref _lengths, size);
        }

        if (_poolLength + bytes.Length > _pool.Length)
        {
            Array.Resize(ref _pool, Math.Max(_poolLength + bytes.Length, 2 * _pool.Length));
        }

        bytes.CopyTo(_pool.AsSpan(_poolLength));
        _offsets[id] = _poolLength;
        _lengths[id] = bytes.Length;
        _poolLength += bytes.Length;
        Count = Math.Max(Count, id + 1);
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new int[2 * old.Length];
        foreach (var entry in old)
        {
            if (entry != 0)
            {
                Occupy(entry - 1);
            }
        }
    }

    private void Occupy(int id)
    {
        var slot = Hash(Bytes(id)) & (_slots.Length - 1);
        while (_slots[slot] != 0)
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        _slots[slot] = id + 1;
    }

    /// <summary>FNV-1a with a final mix, since slots are taken from the low bits.</summary>
    private static int Hash(ReadOnlySpan<byte> bytes)
    {
        var hash = 2166136261u;
        foreach (var value in bytes)
        {
            hash = (hash ^ value) * 16777619u;
        }

        hash ^= hash >> 15;
        hash *= 0x85EBCA6Bu;
        return (int)(hash ^ (hash >> 13));
    }
}
