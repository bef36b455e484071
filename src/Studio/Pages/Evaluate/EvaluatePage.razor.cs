using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Evaluations;
using Studio.ModelHosting;

namespace Studio.Pages.Evaluate;

/// <summary>What to evaluate, at what cost; started as a job. What is filled in stands in the address.</summary>
public sealed partial class EvaluatePage
{
    /// <summary>Models that are offered; one installed beyond them is named in the address.</summary>
    private const int ModelsShown = 50;

    /// <summary>Behind "More settings", which are shown where one is given.</summary>
    private static readonly string[] s_more =
    [
        EvaluateForm.Fps, EvaluateForm.MaxFrames, EvaluateForm.Tokens, EvaluateForm.Seed, EvaluateForm.Offset, EvaluateForm.Note, EvaluateForm.Again, EvaluateForm.SkipMissing,
    ];

    private readonly CancellationTokenSource _gone = new();
    private CancellationTokenSource? _estimating;
    private CurrentUser? _user;
    private EvaluateForm _form = new();
    private IReadOnlyList<ModelCard>? _models;
    private EvaluationEstimate? _estimate;
    private string? _problem;
    private bool _isBusy;

    [CascadingParameter] private Task<AuthenticationState> Authentication { get; set; } = null!;

    private EvalTaskView? Chosen => EvaluationService.Tasks.FirstOrDefault(t => t.Name == _form.TaskName);

    private bool IsGrid => Chosen is { IsNeedleGrid: true };

    private bool IsCustom => Chosen is { Name: EvalDataSource.Custom };

    private bool HasFolders => _form[EvaluateForm.Annotations].Length + _form[EvaluateForm.Videos].Length + _form[EvaluateForm.Needles].Length > 0 || _form[EvaluateForm.Protocol] == "original";

    private bool HasMore => s_more.Any(n => _form[n].Length > 0);

    private string Needs => Chosen switch
    {
        null => $"There is no task '{_form.TaskName}'; choose one of the list.",
        { IsReady: true } => "Needs nothing: videos and questions are drawn by the studio.",
        { Name: EvalDataSource.Custom } => "Needs a file with columns video, question, options and answer, and the folder of its videos.",
        { Files: [var file, ..] } task => $"Needs its official annotation files ({file}{(task.Files.Count > 1 ? $" and {task.Files.Count - 1} more" : "")}) and the folder of its videos{(task.NeedsJudge ? ", and a judge" : "")}.",
        { NeedsJudge: true } => "Needs its official annotations, the folder of its videos, and a judge.",
        _ => "Needs its official annotations and the folder of its videos.",
    };

    /// <summary>Not disposed itself: what still runs asks it for its token.</summary>
    public void Dispose()
    {
        Navigation.LocationChanged -= Moved;
        _gone.Cancel();
        _estimating?.Cancel();
    }

    protected override void OnInitialized()
    {
        _form = EvaluateForm.Of(new(Navigation.Uri));
        Navigation.LocationChanged += Moved;
    }

    protected override async Task OnInitializedAsync()
    {
        _user = CurrentUser.From((await Authentication).User);
        if (!_user.CanWrite) return;
        _models = [.. (await Hosted.ListAsync(_gone.Token)).Where(m => m.Problem is null).Take(ModelsShown)];
        await EstimateAsync();
    }

    /// <summary>What the drawn task takes where nothing is filled in; with folders their annotations say it.</summary>
    private string Own<T>(Func<NeedleGridView, IReadOnlyList<T>> values)
        where T : IFormattable => Chosen is { Grid: { } grid } && !HasFolders ? string.Join(", ", values(grid).Select(v => v.ToString(null, CultureInfo.InvariantCulture))) : "The task's own";

    private bool IsPicked(ModelCard model)
    {
        var picked = Picked();
        return picked.Count == 0 ? model.IsDefault : picked.Contains(model.Name);
    }

    private List<string> Picked() => [.. _form[EvaluateForm.Models].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    private Task PickAsync(string name, bool isPicked)
    {
        var picked = Picked();
        if (picked.Count == 0 && _models?.FirstOrDefault(m => m.IsDefault) is { } own) picked.Add(own.Name);
        _ = picked.Remove(name);
        if (isPicked) picked.Add(name);
        return SetAsync(EvaluateForm.Models, string.Join(',', picked));
    }

    private Task SetAsync(string name, object? value)
    {
        _form[name] = value?.ToString() ?? "";
        Navigation.NavigateTo(_form.Address(), replace: true);
        return EstimateAsync();
    }

    /// <summary>Back and forward, or a link to another form.</summary>
    private void Moved(object? sender, LocationChangedEventArgs e)
    {
        var address = new Uri(e.Location);
        if (address.AbsolutePath != "/evaluate") return;
        var form = EvaluateForm.Of(address);
        if (form.Address() == _form.Address()) return;
        _form = form;
        _ = InvokeAsync(async () =>
        {
            await EstimateAsync();
            StateHasChanged();
        });
    }

    private async Task EstimateAsync()
    {
        if (_user is not { CanWrite: true } user) return;
        _estimating?.Cancel();
        var mine = _estimating = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
        (_estimate, _problem) = (null, null);
        EvaluationEstimate? estimate = null;
        string? problem = null;
        try
        {
            estimate = await Evaluations.EstimateAsync(user, _form.Request(), mine.Token);
        }
        catch (RequestException e)
        {
            problem = e.Message;
        }
        catch (OperationCanceledException)
        {
            return; // another one took its place, or nobody looks any more
        }

        // One that was asked for before what is filled in now says nothing of it.
        if (!mine.IsCancellationRequested) (_estimate, _problem) = (estimate, problem);
    }

    private async Task StartAsync()
    {
        if (_isBusy || _user is not { } user) return;
        (_isBusy, _problem) = (true, null);
        try
        {
            var job = await Evaluations.StartAsync(user, _form.Request(), ct: _gone.Token);
            Navigation.NavigateTo($"jobs/{job.Id}");
        }
        catch (RequestException e)
        {
            _problem = e.Message;
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Nobody looks any more.
        }
        finally
        {
            _isBusy = false;
        }
    }
}
