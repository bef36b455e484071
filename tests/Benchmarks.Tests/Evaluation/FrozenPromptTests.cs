using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Tasks;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

/// <summary>
/// A frozen copy of every prompt, on documents of our own. A change here changes what results mean: raise the task's PromptVersion with it.
/// </summary>
public sealed class FrozenPromptTests
{
    private const string Choice = """{"video":"v.mp4","question":"What falls?","candidates":["a cup","a key","nothing"],"answer":"a key","start":1.5,"end":4}""";

    private const string VideoMmeRow = """{"question_id":"x-1","videoID":"v","question":"What falls?","options":["A. A cup.","B. It's a key.","C. \"Nothing\".","D. All."],"answer":"B","duration":"short","domain":"Knowledge","sub_category":"Law","task_type":"OCR Problems"}""";

    private const string LongRow = """{"id":"v_0","video_path":"v.mp4","question":"What falls?","candidates":["a cup","a key"],"correct_choice":1,"duration_group":15,"question_category":"S2E","duration":4.0,"starting_timestamp_for_subtitles":0}""";

    private static string Text(EvalTask task, string row, string part = "") => task.Prompt(task.Document(row, part)).Text;

    [Fact]
    public void MvBench_Prompt() =>
        Assert.Equal("Question: What falls?\nOption:\n(A) a cup\n(B) a key\n(C) nothing\n\nOnly give the best option.", Text(new MvBench(), Choice, "action_sequence"));

    [Fact]
    public void Mlvu_Prompt() => Assert.Equal("Question:What falls?\nOption:\n(A) a cup\n(B) a key\n(C) nothing\nAnswer with the option's letter from the given choices directly.", Text(new Mlvu(), Choice, "ego"));

    [Fact]
    public void LvBench_Prompt() => Assert.Equal("What falls?\nA. (A) a cup\nB. (B) a key\nAnswer with the option's letter from the given choices directly.",
        Text(new LvBench(), """{"video":"1","question":"What falls?","candidates":["(A) a cup","(B) a key"],"answer":"(B) a key"}""", "tv"));

    [Fact]
    public void PerceptionTest_Prompt_LabelsEveryLaterOptionC() => Assert.Equal("\nQuestion: What falls?\n(A). cup\n(B). key\n(C). pen\n(C). box\nOnly give the best option.",
        Text(new PerceptionTest(), """{"video_name":"v","question_id":0,"question":"What falls?","options":["cup","key","pen","box"],"answer_id":3}"""));

    [Fact]
    public void VideoMme_Prompt() => Assert.Equal("These are the frames of a video. Select the best answer to the following multiple-choice question based on the video. Respond with only the letter (A, B, C, or D) of the correct option.\nQuestion: What falls?\nOption:\nA. A cup.\nB. It's a key.\nC. \"Nothing\".\nD. All.\nAnswer with the option's letter from the given choices directly.",
        Text(new VideoMme(), VideoMmeRow));

    [Fact]
    public void VideoMme_PromptWithSubtitles()
    {
        var task = new VideoMme(subtitles: true);
        var document = task.Document(VideoMmeRow);
        const string Question = "\nQuestion: What falls?\nOption:\nA. A cup.\nB. It's a key.\nC. \"Nothing\".\nD. All.\nThe best answer is:";
        const string Frames = "These are the frames of a video. Select the best answer to the following multiple-choice question based on the video. Respond with only the letter (A, B, C, or D) of the correct option.";
        Assert.Equal("This video's subtitles are listed below: \nmind the key\nThese are the frames and subtitles of a video. Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter (A, B, C, or D) of the correct option." + Question,
            task.Prompt(document with { SubtitleFile = "1\n00:00:01,000 --> 00:00:02,000\n<font color=\"white\" size=\".72c\">mind the key</font>\n" }).Text);
        Assert.Equal("This video's subtitles are listed below: \n\n" + Frames + Question, task.Prompt(document with { SubtitleFile = "1\n00:00:01,000 --> 00:00:02,000\nno tag\n" }).Text);
        Assert.Equal("\n" + Frames + Question, task.Prompt(document).Text);
    }

    [Fact]
    public void VideoMmeVideoXl_Prompt_HasAPythonList()
    {
        const string Instruction = "Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter (A, B, C, or D) of the correct option.\nWhat falls?\n";
        const string List = "['A. A cup.', \"B. It's a key.\", 'C. \"Nothing\".', 'D. All.']\n";
        Assert.Equal(Instruction + List + "\nAnswer with the option's letter from the given choices directly.", Text(new VideoMmeVideoXl(), VideoMmeRow));
        var subtitled = new VideoMmeVideoXl(subtitles: true);
        var document = subtitled.Document(VideoMmeRow);
        Assert.Equal("This video's subtitles are listed below: \nNo subtitles available\n" + Instruction + List + "The best answer is:", subtitled.Prompt(document).Text);
        Assert.Contains("probe", Assert.Throws<InvalidOperationException>(() => subtitled.Prompt(document with { SubtitleFile = "x" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LongVideoBench_Prompt_HasTheLinesThatCoverAFrame()
    {
        var task = new LongVideoBench();
        var document = task.Document(LongRow) with
        {
            // Frame times 0, 1, 2, 3: the second line lies between two of them.
            Subtitles = LongVideoBench.ReadSubtitles(Json.Of("""[{"timestamp":[0.5,1.8],"text":"mind"},{"start":"00:00:01.100","end":"00:00:01.200","line":"widened"},{"timestamp":[3.2,3.9],"text":"never"},{"timestamp":[2.5,4],"text":"whole end"}]"""), "test"),
        };
        Assert.Equal(" This video's subtitles are listed below: \nmind\nwidened\nwhole end.\n Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter of the correct option.\nQuestion: What falls?\n(A). a cup\n(B). a key\nAnswer with the option's letter from the given choices directly.\n",
            task.Prompt(document).Text);
        Assert.Equal("What falls?\nA. a cup\nB. a key\nAnswer with the option's letter from the given choices directly.\n", new LongVideoBenchUpstream().Prompt(document).Text);
        Assert.Equal("<image>\n<image>\nmind\nwidened\n<image>\n<image>\nwhole end\nWhat falls?\nA. a cup\nB. a key\nAnswer with the option's letter from the given choices directly.\n",
            new LongVideoBenchUpstream(interleaved: true).Prompt(document).Text);
        Assert.Contains("subtitles", Assert.Throws<InvalidOperationException>(() => task.Prompt(document with { Subtitles = null })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NextQa_Prompt() => Assert.Equal("what falls\nA. cup\nB. key\nC. pen\nD. box\nE. hat",
        Text(new NextQa(), """{"video":"1","qid":0,"type":"CW","question":" what falls ","a0":"cup","a1":" key","a2":"pen","a3":"box","a4":"hat","answer":1}"""));

    [Fact]
    public void Charades_Prompt() => Assert.Equal("Please find the visual event described by a sentence in the video, determining its starting and ending times. The format should be: 'The event happens in the start time - end time'. For example, The event 'person turn a light on' happens in the 24.3 - 30.4 seonds. Now I will give you the textual sentence: a cup falls.. Please return its start time and end time.",
        Text(new Charades(), """{"video":"v.mp4","caption":"a cup falls.","timestamp":[1,2.5]}"""));

    [Fact]
    public void VnBench_Prompt()
    {
        var task = new VnBench();
        var prompt = task.Prompt(task.Document("""{"video":"./VNBench/v.mp4","question":"How many?","options":["1","2 "],"gt":"2 ","type":"cnt_edit1","try":0}"""));
        Assert.Equal("<|im_start|>system\nCarefully watch this video and pay attention to every detail. Based on your observations, select the best option that accurately addresses the question.<|im_end|>\n<|im_start|>user\n<image>\nQuestion: How many?\nOptions:\n(A) 1\n(B) 2\n<|im_end|>\n<|im_start|>assistant\n",
            prompt.ChatMl("<image>"));
    }

    [Fact]
    public void Niah_Prompts()
    {
        var single = new NiahSingle();
        var prompt = single.Prompt(single.Document("""{"question":"Find it. what is it\nOptions: (A) cup\n(B) key\nOnly give the best option. Best option: (","answer":"B","image":"i.jpg"}"""));
        Assert.Equal("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<v>Find it. what is it\nOptions: (A) cup\n(B) key\nOnly give the best option. Best option: (<|im_end|>\n<|im_start|>assistant\n", prompt.ChatMl("<v>"));
        var multi = new NiahMulti();
        var pair = multi.ReadAll(Json.Of("""{"images":["a","b"],"question1":"first (","answer1":"A","question2":"second (","answer2":"B"}"""), "", 3).ToList();
        Assert.Equal(["first (", "second ("], pair.Select(d => multi.Prompt(d).Text));
        Assert.Equal(["multi/3/caption", "multi/3/qa"], pair.Select(d => d.Id));
        var videoXl = new VideoXlNiah();
        Assert.Equal("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<image>Question: Question: What?\nAnswer: <|im_end|>\n<|im_start|>assistant\nBest option:(",
            videoXl.Prompt(Assert.Single(videoXl.ReadFile(Json.Of("""{"retrieval_question":["Question: What?"],"answer":["A"],"needle":["n.png"]}"""), ""))).ChatMl("<image>"));
    }

    [Fact]
    public void MlvuVideoXl_Prompt() => Assert.Equal("\nWhat falls?\n(A) a cup\n(B) a key\nOnly give the best option.\n\nBest option: (",
        Text(new MlvuVideoXl(), """{"video_name":"v.mp4","question":"What falls?\n(A) a cup\n(B) a key","answer":"B","task_type":"PQA"}"""));

    [Fact]
    public void CustomSet_Prompts()
    {
        var task = new CustomSet("mine", "mine.csv");
        Assert.Equal("Question: What falls?\nOptions:\n(A) cup\n(B) key\nAnswer with the letter of the right option only.", Text(task, """{"video":"v","question":"What falls?","options":"cup|key","answer":"key"}"""));
        Assert.Equal("Question: What falls?\nAnswer with a word or a short phrase.", Text(task, """{"video":"v","question":"What falls?","answer":"the key"}"""));
    }

    [Fact]
    public void World_Prompts()
    {
        const string Row = """{"id":"i","video":"v.mp4","kind":"KIND","form":"lettered","question":"What is it?","options":["a cup","a key"],"answer":"a key","letter":"B","evidence":[[1,5]],"chain":[],"depth":0.5,"seed":1,"split":"test","duration":8,"fps":2,"frames":16,"fingerprint":"f"}""";
        const string Lettered = "What is it?\n(A) a cup\n(B) a key\nAnswer with the letter of the right option.";
        var needle = Row.Replace("KIND", "needle", StringComparison.Ordinal);
        Assert.Equal([Lettered, Lettered, Lettered], ((EvalTask[])[new WorldSet(), new WorldNeedle(), new WorldNeedle(multi: true)]).Select(t => Text(t, needle)));
        Assert.Equal("What is it?", Text(new WorldSet(), needle.Replace("lettered", "open", StringComparison.Ordinal).Replace("""["a cup","a key"]""", "null", StringComparison.Ordinal).Replace("\"B\"", "null", StringComparison.Ordinal)));
        Assert.Equal((101, 103), (new WorldSet().PromptVersion, new WorldNeedle().ScorerVersion));
        Assert.Contains("`world make`", Assert.Throws<InvalidDataException>(() => new WorldSet().Document("""{"id":1}""")).Message, StringComparison.Ordinal);
    }

    /// <summary>The captions' 88 prompts are data of the benchmark: their number and a hash of all are frozen.</summary>
    [Fact]
    public void Vdc_Prompts()
    {
        Assert.Equal(["background 16", "camera 16", "detailed 24", "main_object 16", "short 16"], Vdc.Aspects.Select(a => $"{a} {new Vdc(a).Prompts.Count}"));
        var all = string.Join('\n', Vdc.Aspects.SelectMany(a => new Vdc(a).Prompts));
        Assert.Equal("F5D72AA8AD1BE593", Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(all)))[..16]);
        var task = new Vdc("short");
        var document = task.Document("""{"video_name":"v","caption":"c","qa_list":[{"question":"q","answer":"a"}]}""");
        Assert.Equal(task.Prompt(document), task.Prompt(document)); // the document chooses, not the run
        Assert.Contains(task.Prompt(document).Text, task.Prompts);
        Assert.Contains("aspects are", Assert.Throws<ArgumentException>(() => new Vdc("colour")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vdc_JudgeRequests()
    {
        Assert.Equal("Please provide accurate answers to questions related to the content based on a detailed description of a video or image:\n\ndetailed description: C, question: QDO NOT PROVIDE ANY OTHER OUTPUT TEXT OR EXPLANATION. Only provide short but accurate answer.", Vdc.AnswerRequest("C", "Q").User);
        Assert.Equal("Please evaluate the following video-based question-answer pair:\n\nQuestion: Q\nCorrect Answer: A\nPredicted Answer: P\n\nProvide your evaluation only as a yes/no and score where the score is an integer value between 0 and 5, with 5 indicating the highest meaningful match. Please generate the response in the form of a Python dictionary string with keys 'pred' and 'score', where value of 'pred' is  a string of 'yes' or 'no' and value of 'score' is in INTEGER, not STRING.DO NOT PROVIDE ANY OTHER OUTPUT TEXT OR EXPLANATION. Only provide the Python dictionary string. For example, your response should look like this: {'pred': 'yes', 'score': 4.8}.", Vdc.CompareRequest("Q", "A", "P").User);
    }
}
