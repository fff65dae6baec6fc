use super::*;

#[test]
fn a_row_that_could_not_be_given_back_is_free_for_everybody_once_nobody_works_under_its_mark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("till.journal");
    let open = || Arc::new(Journal::open(Some(&path), "1900000001", Duration::from_secs(60)).unwrap());
    let (journal, other) = (open(), open());
    let new = |request_no, body| NewRow::with_body(request_no, Some(body));
    let Begin::Go(mut claim) = journal.begin(new("SALE-0001", "a"), 0).unwrap() else { panic!("new") };
    let Begin::Go(running) = journal.begin(new("SALE-0002", "a"), 0).unwrap() else { panic!("new") };
    journal.give_up(&claim.mark);
    claim.finished = true;
    drop(claim);
    assert!(
        matches!(other.begin(new("SALE-0001", "a"), 0), Ok(Begin::Running)),
        "SALE-0002 is still worked on"
    );
    drop(running);
    for journal in [&journal, &other] {
        assert!(matches!(journal.begin(new("SALE-0001", "b"), 0), Ok(Begin::Differs { .. })));
        let found = journal.find("SALE-0001").unwrap().unwrap();
        assert!(journal.claim(&found, 0).unwrap().is_some());
        assert!(journal.claim(&found, 0).unwrap().is_none(), "somebody has worked on it since");
    }
    assert!(matches!(journal.begin(new("SALE-0001", "a"), 0), Ok(Begin::Go(_))));
}

#[test]
fn a_verdict_of_somebody_who_lost_the_row_is_not_written() {
    let journal = Arc::new(Journal::open(None, "1900000001", Duration::from_secs(60)).unwrap());
    let Begin::Go(claim) = journal.begin(NewRow::plain("SALE-0001"), 0).unwrap() else { panic!("new") };
    let mut row = journal.find("SALE-0001").unwrap().unwrap();
    let held = row.lease.clone();
    row.lease.generation += 1;
    journal.run(Durability::Lazy, move |rows| rows.replace(&row, &held)).unwrap();
    let verdict = Verdict {
        state: State::Done,
        code: 0,
        cause: String::new(),
        attempts: 1,
        sent: true,
        signed_s: 0,
        verdict_s: None,
        answer: None,
        http_status: None,
        request_id: None,
        host: None,
        course: crate::course::Course::default(),
    };
    assert!(claim.finish(verdict).is_err());
    assert_eq!(journal.find("SALE-0001").unwrap().unwrap().state, State::Pending);
}
