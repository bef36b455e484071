using Studio.Api;
using Studio.Components.Chat;
using Studio.Conversations;
using Studio.Data;

namespace Studio.Pages.Chat;

/// <content>What a person does on the page.</content>
public sealed partial class ChatPage
{
    /// <summary>Asks; the input keeps its text when that fails.</summary>
    private async Task<bool> AskAsync(string text)
    {
        if (_user is null || !CanWrite || Running.Any() || Blocked is not null) return false;
        AnswerSettings?[] settings = _address.IsComparing ? [_first.Value, _second.Value] : [_first.Value];
        if (Array.Exists(settings, s => s is null))
        {
            _askProblem = "Correct the settings first.";
            StateHasChanged();
            return false;
        }

        var parent = _turns.Count > 0 && _turns[^1].Columns.Count == 0 ? _turns[^1].Question.ParentId : Parent?.Id;
        var asked = await TryAskAsync(() => Conversations.AskAsync(_user, _address.ConversationId, parent, text, [.. _attached.Select(v => v.Id)], settings!, ct: _gone.Token));
        return asked is not null;
    }

    /// <summary>Asks a changed question beside the earlier one, with the settings that one was answered with.</summary>
    /// <returns>Why it could not be asked.</returns>
    private async Task<string?> EditAsync(ChatTurn turn, string text)
    {
        AnswerSettings[] settings = [.. turn.Columns.Select(c => c.Answer.Settings ?? new()).Take(AnswerSettings.MaxSideBySide)];
        if (settings.Length == 0 && _first.Value is { } current) settings = [current];
        List<string> videos = [.. turn.Question.Media.Select(m => m.VideoId).OfType<string>()];
        _ = await TryAskAsync(() => Conversations.AskAsync(_user!, _address.ConversationId, turn.Question.ParentId, text, videos, settings, ct: _gone.Token));
        var problem = _askProblem;
        _askProblem = null;
        return problem;
    }

    /// <param name="stay">Keeps to the new answer's branch: it is not the newest message of the path.</param>
    private async Task<AskResult?> TryAskAsync(Func<Task<AskResult>> ask, bool stay = false)
    {
        try
        {
            var asked = await ask();
            _askProblem = null;
            _draft = "";
            _listVersion++;
            if (_address.ConversationId is null) Navigation.NavigateTo((_address with { ConversationId = asked.ConversationId, Attached = [], MessageId = null, Time = null }).ToString());
            else await GoToAsync(_address with { Attached = [], MessageId = stay ? asked.AnswerIds[0] : null, Time = null });
            if (!stay) await EndAsync();
            return asked;
        }
        catch (RequestException e)
        {
            _askProblem = e.Message;
            StateHasChanged();
            return null;
        }
    }

    /// <summary>Shows another branch of the conversation as it is now.</summary>
    private async Task GoToAsync(ChatAddress address)
    {
        await LoadAsync();
        if (address.ToString() == _address.ToString()) await ReloadAsync();
        else Navigation.NavigateTo(address.ToString());
    }

    private async Task RegenerateAsync((string Id, AnswerSettings? Settings) again)
    {
        var isLast = _turns.Count > 0 && _turns[^1].Columns.Any(c => c.Answer.Id == again.Id);
        _ = await TryAskAsync(() => Conversations.RegenerateAsync(_user!, again.Id, again.Settings, ct: _gone.Token), stay: !isLast);
        if (_askProblem is not { } problem) return;
        _askProblem = null;
        Toasts.Error(problem);
    }

    private async Task StopAsync()
    {
        foreach (var answer in Running.ToList()) _ = await StopAnswerAsync(answer.Id);
    }

    private Task<bool> StopAnswerAsync(string id) => TryAsync(() => Conversations.StopAsync(_user!, id, _gone.Token));

    private async Task FinishedAsync(AnswerUpdate.Finished finished)
    {
        _listVersion++;
        await ReloadAsync();
    }

    private async Task DeleteAnswerAsync(string id)
    {
        if (!await TryAsync(() => Conversations.DeleteMessageAsync(_user!, id, _gone.Token))) return;
        _listVersion++;
        var isShown = _address.MessageId == id;
        if (isShown) await GoToAsync(_address with { MessageId = null });
        else await ReloadAsync();
    }

    private void TakeSettings(AnswerSettings settings)
    {
        PutUp(_address with { Settings = settings });
        _first.Form = SettingsForm.From(settings, LayersOf(settings.Model));
    }

    private async Task SettingsChangedAsync()
    {
        _askProblem = null;
        await PlanAsync();
        // What is being typed reaches the address once it is a setting.
        var address = _address with { Settings = _first.Value ?? _address.Settings, SecondSettings = _address.IsComparing ? _second.Value ?? _address.SecondSettings : null };
        if (address.ToString() != _address.ToString()) PutUp(address);
    }

    private void CompareAsync()
    {
        if (!_address.IsComparing && (_second.Value is null || _second.Value == new AnswerSettings() || _second.Value == _first.Value))
        {
            // Something to compare with: what every token costs, or what dropping saves.
            _second.Form = SettingsForm.From((_first.Value ?? new()) with { Compress = _first.Value?.Compress is null or "off" ? "strong" : "off" }, LayersOf(_first.Value?.Model));
        }

        PutUp(_address with { IsComparing = !_address.IsComparing, Settings = _first.Value, SecondSettings = _second.Value });
    }

    private void AttachAsync(string videoId) => TakeAsync([.. _address.Attached, videoId]);

    private void DetachAsync(string videoId) => TakeAsync([.. _address.Attached.Where(id => id != videoId)]);

    private void TakeAsync(IReadOnlyList<string> videoIds)
    {
        if (videoIds.FirstOrDefault(id => !_address.Attached.Contains(id)) is { } added) _activeVideo = added;
        PutUp(_address with { Attached = videoIds });
    }

    private Task PickAsync() => _picker!.OpenAsync(_address.Attached);

    private void ShowVideo(string videoId) => _activeVideo = videoId;

    private async Task<string?> RenameAsync(string id, string title)
    {
        try
        {
            await Conversations.RenameAsync(_user!, id, title, _gone.Token);
            _listVersion++;
            if (id == _address.ConversationId) await ReloadAsync();
            else StateHasChanged();
            return null;
        }
        catch (RequestException e)
        {
            return e.Message;
        }
    }

    private async Task ToggleTeamAsync()
    {
        if (_conversation is not { } conversation) return;
        var visibility = conversation.Visibility == Visibility.Team ? Visibility.Private : Visibility.Team;
        if (!await TryAsync(() => Conversations.SetVisibilityAsync(_user!, conversation.Id, visibility, _gone.Token))) return;
        Toasts.Info(visibility == Visibility.Team ? "Everybody with an account can read this conversation now." : "Only you and administrators can read this conversation now.");
        _listVersion++;
        await ReloadAsync();
    }

    private async Task DeleteAsync(ConversationSummary conversation)
    {
        _deleting = conversation;
        StateHasChanged();
        if (!await _deleteDialog!.AskAsync() || !await TryAsync(() => Conversations.DeleteAsync(_user!, conversation.Id, _gone.Token))) return;
        await ClearDraftAsync(conversation.Id);
        _listVersion++;
        Toasts.Info("The conversation was deleted.");
        if (conversation.Id == _address.ConversationId) Navigation.NavigateTo(_address.To(null).ToString(), replace: true);
    }

    private Task DeleteThisAsync() => _conversation is not { } c ? Task.CompletedTask
        : DeleteAsync(new(c.Id, c.Title, c.OwnerId, c.OwnerName, c.Visibility, c.CreatedAt, c.UpdatedAt, c.Messages.Count(m => m.Role == MessageRole.Question), c.CanWrite, null));

    private async Task<bool> TryAsync(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (RequestException e)
        {
            Toasts.Error(e.Message);
            return false;
        }
    }
}
