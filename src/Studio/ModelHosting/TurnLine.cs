namespace Studio.ModelHosting;

/// <summary>
/// Who is next: users take turns, each with its own line. Whoever was served last stands at the end. Not thread safe.
/// </summary>
/// <typeparam name="T">A piece of work.</typeparam>
internal sealed class TurnLine<T>
    where T : class
{
    private readonly LinkedList<(string User, LinkedList<T> Work)> _turns = new(); // bounded by the scheduler's places
    private readonly Dictionary<string, LinkedListNode<(string User, LinkedList<T> Work)>> _byUser = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    public void Add(string user, T work)
    {
        if (!_byUser.TryGetValue(user, out var turn)) _byUser.Add(user, turn = _turns.AddLast((user, new())));
        _ = turn.Value.Work.AddLast(work);
        Count++;
    }

    public T? TakeNext()
    {
        if (_turns.First is not { } turn) return null;
        var work = turn.Value.Work.First!.Value;
        _ = Remove(turn.Value.User, work);
        return work;
    }

    /// <summary>The user was served: others go first.</summary>
    public void Served(string user)
    {
        if (!_byUser.TryGetValue(user, out var turn)) return;
        _turns.Remove(turn);
        _turns.AddLast(turn);
    }

    public bool Remove(string user, T work)
    {
        if (!_byUser.TryGetValue(user, out var turn) || !turn.Value.Work.Remove(work)) return false;
        Count--;
        if (turn.Value.Work.Count > 0) return true;
        _turns.Remove(turn);
        _ = _byUser.Remove(user);
        return true;
    }

    /// <summary>The order in which the work would be taken if nothing came and nothing went.</summary>
    /// <param name="running">The user who is being served now and will then stand at the end.</param>
    public IEnumerable<T> Order(string? running)
    {
        var turns = _turns.OrderBy(t => t.User == running).Select(t => t.Work.First).ToList(); // a stable sort
        for (var left = Count; left > 0;)
        {
            for (var i = 0; i < turns.Count; i++)
            {
                if (turns[i] is not { } node) continue;
                yield return node.Value;
                turns[i] = node.Next;
                left--;
            }
        }
    }
}
