using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Studio.Engine.Training.Annotating;

/// <summary>One answer that was paid for.</summary>
/// <param name="Key">32 hexadecimal digits: a hash of all that the answer depends on.</param>
/// <param name="Step">What was asked, such as <c>caption</c>.</param>
/// <param name="Of">About what: a video's content hash and seconds.</param>
/// <param name="By">Who answered.</param>
/// <param name="Text">The answer as it came.</param>
public sealed record LoggedAnswer(string Key, string Step, string Of, string By, string Text);

/// <summary>
/// The answers of a run, one JSON object a line, each on disk before the next is asked for. Opened again after a process was killed,
/// it drops a half-written last line and goes on. In memory it holds keys and places only. Thread safe.
/// </summary>
public sealed class AnswerLog : IDisposable
{
    /// <summary>Most answers of one log: its index takes some 60 bytes each.</summary>
    public const int MaxAnswers = 1_000_000;

    /// <summary>Longest line, bytes.</summary>
    public const int MaxLineBytes = 256 * 1024;

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // read by programs, not put into pages
    };

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (long At, int Length)> _places = new(StringComparer.Ordinal); // at most _most
    private readonly string _path;
    private readonly int _most;
    private readonly FileStream _file;

    /// <summary>Opens or creates the file and finds the answers in it.</summary>
    /// <param name="most">Most answers it may hold.</param>
    /// <exception cref="InvalidDataException">A line other than the last is damaged, or there are too many.</exception>
    /// <exception cref="IOException">Another process has it open.</exception>
    public AnswerLog(string path, int most = MaxAnswers)
    {
        (_path, _most) = (path, most);
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new IOException($"'{path}' is open in another process; wait for it to end, or name another --out folder.", e);
        }

        try
        {
            Scan();
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>Number of different keys.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _places.Count;
            }
        }
    }

    /// <summary>The last answer with this key, or null.</summary>
    public LoggedAnswer? Find(string key)
    {
        lock (_lock)
        {
            if (!_places.TryGetValue(key, out (long At, int Length) place))
            {
                return null;
            }

            byte[] line = new byte[place.Length];
            _file.Position = place.At;
            _file.ReadExactly(line);
            return Parse(line);
        }
    }

    /// <summary>Adds an answer and sees it onto the disk; it takes the place of one with the same key.</summary>
    /// <exception cref="InvalidDataException">The answer is too long or the log full.</exception>
    public void Append(LoggedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        byte[] line = JsonSerializer.SerializeToUtf8Bytes(answer, s_json);
        if (line.Length >= MaxLineBytes)
        {
            throw new InvalidDataException($"An answer of {line.Length} bytes does not fit into '{_path}', whose lines have at most {MaxLineBytes}; ask for shorter answers.");
        }

        lock (_lock)
        {
            Admit(answer.Key);
            long at = _file.Seek(0, SeekOrigin.End);
            try
            {
                _file.Write([.. line, (byte)'\n']); // one write, so that a kill cuts at most this line
                _file.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                _file.SetLength(at); // a full disk: no half line before the next
                throw;
            }

            _places[answer.Key] = (at, line.Length);
        }
    }

    public void Dispose() => _file.Dispose();

    private void Admit(string key)
    {
        if (_places.Count >= _most && !_places.ContainsKey(key))
        {
            throw new InvalidDataException($"'{_path}' holds {_most} answers, which is the most; go on in another --out folder.");
        }
    }

    private void Scan()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(2 * MaxLineBytes);
        try
        {
            (long at, int kept, long number) = (0, 0, 0);
            long good = 0; // where the last whole line ends
            (long Line, string Message)? damage = null;
            int read;
            while ((read = _file.Read(buffer.AsSpan(kept, (2 * MaxLineBytes) - kept))) > 0)
            {
                int length = kept + read;
                int from = 0;
                int end;
                while ((end = buffer.AsSpan(from, length - from).IndexOf((byte)'\n')) >= 0)
                {
                    if (damage is { } earlier)
                    {
                        throw new InvalidDataException($"Line {earlier.Line} of '{_path}' is damaged ({earlier.Message}); remove that line and start again: what it held is asked for anew.");
                    }

                    number++;
                    try
                    {
                        LoggedAnswer answer = Parse(buffer.AsSpan(from, end));
                        Admit(answer.Key);
                        _places[answer.Key] = (at + from, end);
                        good = at + from + end + 1;
                    }
                    catch (JsonException e)
                    {
                        damage = (number, e.Message); // forgiven if it proves to be the last one
                    }

                    from += end + 1;
                }

                kept = length - from;
                at += from;
                if (kept >= MaxLineBytes)
                {
                    throw new InvalidDataException($"Line {number + 1} of '{_path}' has more than {MaxLineBytes} bytes; it was not written by this program. Name another --out folder.");
                }

                buffer.AsSpan(from, kept).CopyTo(buffer);
            }

            if (damage is { } last && kept > 0)
            {
                throw new InvalidDataException($"Line {last.Line} of '{_path}' is damaged ({last.Message}); remove that line and start again: what it held is asked for anew.");
            }

            _file.SetLength(good);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static LoggedAnswer Parse(ReadOnlySpan<byte> line)
    {
        LoggedAnswer? answer;
        try
        {
            answer = JsonSerializer.Deserialize<LoggedAnswer>(line, s_json);
        }
        catch (DecoderFallbackException e)
        {
            throw new JsonException(e.Message, e);
        }

        return answer is { Key: not null, Step: not null, Of: not null, By: not null, Text: not null } ? answer : throw new JsonException("it is no answer");
    }
}
