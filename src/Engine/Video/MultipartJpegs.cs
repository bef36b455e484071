using System.Buffers;
using System.Globalization;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>Reads the pictures of ffmpeg's <c>mpjpeg</c> output one by one: each is preceded by header lines that state its length.</summary>
internal sealed class MultipartJpegs(MediaProcess process)
{
    /// <summary>Largest picture, bytes; thumbnails have some ten thousand.</summary>
    internal const int MaxPictureBytes = 4 * 1024 * 1024;

    private const int MaxLineBytes = 256;
    private const string LengthHeader = "content-length:";

    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _from;
    private int _to;

    /// <summary>The next picture, or null at the end.</summary>
    /// <exception cref="InvalidDataException">The output does not have the expected form.</exception>
    internal async Task<byte[]?> NextAsync()
    {
        int length = -1;
        while (await LineAsync().ConfigureAwait(false) is { } line)
        {
            if (line.StartsWith(LengthHeader, StringComparison.OrdinalIgnoreCase))
            {
                length = int.TryParse(line.AsSpan(LengthHeader.Length), CultureInfo.InvariantCulture, out int stated) && stated is > 0 and <= MaxPictureBytes
                    ? stated
                    : throw new InvalidDataException($"a picture states its length as '{line[LengthHeader.Length..].Trim()}'");
            }
            else if (line.Length == 0 && length > 0)
            {
                byte[] picture = new byte[length];
                return await FillAsync(picture).ConfigureAwait(false) ? picture : null;
            }
        }

        return null;
    }

    /// <summary>Text up to the next line end, or null at the end of the output.</summary>
    private async Task<string?> LineAsync()
    {
        var line = new ArrayBufferWriter<byte>(MaxLineBytes);
        while (_from < _to || await MoreAsync().ConfigureAwait(false))
        {
            int end = _buffer.AsSpan(_from, _to - _from).IndexOf((byte)'\n');
            int take = (end < 0 ? _to - _from : end);
            if (line.WrittenCount + take > MaxLineBytes)
            {
                throw new InvalidDataException($"a header line has more than {MaxLineBytes} bytes");
            }

            line.Write(_buffer.AsSpan(_from, take));
            _from += end < 0 ? take : take + 1;
            if (end >= 0)
            {
                return Encoding.ASCII.GetString(line.WrittenSpan).TrimEnd('\r');
            }
        }

        return null;
    }

    private async Task<bool> FillAsync(Memory<byte> target)
    {
        int kept = Math.Min(target.Length, _to - _from);
        _buffer.AsSpan(_from, kept).CopyTo(target.Span);
        _from += kept;
        return await process.ReadBlockAsync(target[kept..]).ConfigureAwait(false) == target.Length - kept;
    }

    private async Task<bool> MoreAsync()
    {
        (_from, _to) = (0, await process.ReadAsync(_buffer).ConfigureAwait(false));
        return _to > 0;
    }
}
