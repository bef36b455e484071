using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>What a finished tool left behind.</summary>
internal readonly record struct MediaRun(int ExitCode, string Output, string ErrorTail);

/// <summary>
/// One ffmpeg or ffprobe process: arguments as a list (no shell), standard input closed, standard error drained into a
/// bounded tail, killed with all its children on cancellation, on a passed time limit and on dispose.
/// </summary>
internal sealed class MediaProcess : IAsyncDisposable
{
    /// <summary>Bytes of standard error kept; a decoder may write megabytes of complaints about a damaged file.</summary>
    internal const int ErrorTailBytes = 8 * 1024;

    /// <summary>Bound of <see cref="CaptureAsync"/>: a header report is a few kB, a malicious one stops here.</summary>
    internal const int MaxCaptureBytes = 8 * 1024 * 1024;

    private static readonly TimeSpan s_reapLimit = TimeSpan.FromSeconds(10);

    private readonly Process _process;
    private readonly MediaCommand _command;
    private readonly string _subject;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenRegistration _registration;
    private readonly Timer _timer;
    private readonly Task<string> _errorTail;
    private TimeSpan _limit = Timeout.InfiniteTimeSpan;
    private volatile bool _timedOut;

    private MediaProcess(Process process, MediaCommand command, string subject, CancellationToken cancellationToken)
    {
        _process = process;
        _command = command;
        _subject = subject;
        _cancellationToken = cancellationToken;
        _timer = new Timer(_ =>
        {
            _timedOut = true;
            Kill();
        });
        _errorTail = ReadTailAsync(process.StandardError.BaseStream);
        _registration = cancellationToken.Register(Kill);
    }

    internal Stream Output => _process.StandardOutput.BaseStream;

    internal int Id => _process.Id;

    /// <summary>Starts a tool.</summary>
    /// <param name="command">The executable and its limits.</param>
    /// <param name="arguments">Passed one by one, never through a shell.</param>
    /// <param name="subject">The media file the work is about; named in errors.</param>
    /// <param name="input">Text for standard input, or null to close it at once.</param>
    /// <param name="cancellationToken">Kills the process tree.</param>
    internal static async Task<MediaProcess> StartAsync(
        MediaCommand command, IEnumerable<string> arguments, string subject, string? input, CancellationToken cancellationToken)
    {
        MediaProcess running = Start(command, arguments, subject, cancellationToken);
        try
        {
            if (input is not null)
            {
                await running._process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken).ConfigureAwait(false);
            }

            running._process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool ended before it read its input; its exit code and error text tell why.
        }
        catch
        {
            await running.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return running;
    }

    /// <summary>Starts a tool whose standard input stays open for <see cref="FeedAsync"/>; its standard output is not read and must stay empty.</summary>
    internal static MediaProcess StartFed(MediaCommand command, IEnumerable<string> arguments, string subject, CancellationToken cancellationToken) =>
        Start(command, arguments, subject, cancellationToken);

    private static MediaProcess Start(MediaCommand command, IEnumerable<string> arguments, string subject, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = new ProcessStartInfo(command.File)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        start.Environment["MALLOC_ARENA_MAX"] = $"{MediaCommand.HeapArenas}";
        foreach (string argument in command.Prefix.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        Process process;
        try
        {
            process = Process.Start(start) ?? throw new InvalidOperationException("the process did not start");
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            throw new MediaException(
                MediaError.ToolMissing, command.File, $"'{command.File}' could not be started: {e.Message}. Check the installation of ffmpeg.", e);
        }

        return new MediaProcess(process, command, subject, cancellationToken);
    }

    /// <summary>Runs a tool to its end and returns its output as text.</summary>
    /// <exception cref="MediaException"><see cref="MediaError.TimedOut"/> after <paramref name="limit"/>.</exception>
    internal static async Task<MediaRun> CaptureAsync(
        MediaCommand command, IEnumerable<string> arguments, TimeSpan limit, string subject, CancellationToken cancellationToken)
    {
        MediaProcess process = await StartAsync(command, arguments, subject, input: null, cancellationToken).ConfigureAwait(false);
        await using (process.ConfigureAwait(false))
        {
            process.Arm(limit);
            using var text = new MemoryStream();
            byte[] buffer = new byte[16 * 1024];
            int read;
            while ((read = await process.ReadAsync(buffer).ConfigureAwait(false)) > 0)
            {
                if (text.Length + read > MaxCaptureBytes)
                {
                    throw new MediaException(
                        MediaError.NotMedia, subject, $"'{subject}' has a header of more than {MaxCaptureBytes} bytes of text; re-encode it with ffmpeg.");
                }

                text.Write(buffer, 0, read);
            }

            int exitCode = await process.WaitForExitAsync().ConfigureAwait(false);
            return new MediaRun(
                exitCode, Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length), await process.ErrorTailAsync().ConfigureAwait(false));
        }
    }

    /// <summary>Starts (or restarts) the time limit; when it passes, the process tree is killed and the pending read throws.</summary>
    internal void Arm(TimeSpan limit)
    {
        _limit = limit;
        _timer.Change(limit, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Stops the time limit while our own side is the slow one.</summary>
    internal void Disarm() => _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Writes to standard input; false when the tool has ended and takes no more (its exit code tells why).</summary>
    internal async ValueTask<bool> FeedAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _process.StandardInput.BaseStream.WriteAsync(bytes, CancellationToken.None).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            ThrowIfStopped();
            return false;
        }
    }

    /// <summary>Ends standard input.</summary>
    internal void EndFeed()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The tool ended before; its exit code tells why.
        }
    }

    /// <summary>Reads some bytes of standard output; 0 at the end.</summary>
    internal async ValueTask<int> ReadAsync(Memory<byte> buffer)
    {
        int read = await Output.ReadAsync(buffer, CancellationToken.None).ConfigureAwait(false);
        if (read == 0)
        {
            // A killed process ends its stream like one that has finished: ask why before believing it.
            ThrowIfStopped();
        }

        return read;
    }

    /// <summary>Fills <paramref name="buffer"/>, or returns fewer bytes at the end of the stream.</summary>
    internal async ValueTask<int> ReadBlockAsync(Memory<byte> buffer)
    {
        int total = 0;
        while (total < buffer.Length)
        {
            int read = await ReadAsync(buffer[total..]).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    internal async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        ThrowIfStopped();
        if (_process.ExitCode == MediaCommand.ProcessorTimeExceeded)
        {
            throw new MediaException(
                MediaError.TimedOut,
                _subject,
                $"Reading '{_subject}' took more than {_command.ProcessorSeconds} s of processor time and was stopped; re-encode the file, or raise MediaLimits if it is that demanding.");
        }

        return _process.ExitCode;
    }

    /// <summary>The last lines of standard error; call it after the process has ended.</summary>
    internal async Task<string> ErrorTailAsync()
    {
        try
        {
            return await _errorTail.WaitAsync(s_reapLimit).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return "(standard error is held open by another process)";
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _registration.DisposeAsync().ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        Kill();
        try
        {
            // Waiting reaps the process: no zombie stays behind, and its files are closed when we return.
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(s_reapLimit).ConfigureAwait(false);
            await _errorTail.WaitAsync(s_reapLimit).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A process stuck in the kernel (a dead network drive) cannot be waited for; the system reaps it later.
        }

        _process.Dispose();
    }

    private void ThrowIfStopped()
    {
        _cancellationToken.ThrowIfCancellationRequested();
        if (_timedOut)
        {
            throw new MediaException(
                MediaError.TimedOut,
                _subject,
                $"Work on '{_subject}' made no progress for {_limit.TotalSeconds:0.###} s and was stopped; raise MediaLimits if the disk or the codec is that slow, else re-encode the file.");
        }
    }

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended on its own between the two calls.
        }
    }

    private static async Task<string> ReadTailAsync(Stream stream)
    {
        byte[] tail = new byte[ErrorTailBytes];
        byte[] buffer = new byte[4096];
        int kept = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer).ConfigureAwait(false)) > 0)
        {
            int drop = Math.Max(0, kept + read - tail.Length);
            tail.AsSpan(drop, kept - drop).CopyTo(tail);
            buffer.AsSpan(0, read).CopyTo(tail.AsSpan(kept - drop));
            kept += read - drop;
        }

        return Encoding.UTF8.GetString(tail, 0, kept).Trim();
    }
}
