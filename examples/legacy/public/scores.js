// SPDX-License-Identifier: MIT
// Polls the scoreboard. It was written before there were WebSockets.

$(function () {
  var polls = 0;

  function nameCell(name, game, side) {
    return $('<td>').append($('<button>').text(name).click(function () {
      $.post('goal?game=' + game + '&side=' + side);
    }));
  }

  function show(games) {
    $('#scores').empty().append($.map(games, function (one, game) {
      var goals = $('<td class="goals">').text(one.goals.join(' : '));
      return $('<tr>').append(nameCell(one.home, game, 0), goals, nameCell(one.away, game, 1));
    }));
  }

  function poll() {
    $.getJSON('scores').done(function (games) {
      show(games);
      $('#polls').text('asked ' + (++polls) + ' times').removeClass('bad');
    }).fail(function (_, status) {
      $('#polls').text('no scores: ' + status).addClass('bad');
    }).always(function () {
      setTimeout(poll, 1000);
    });
  }

  poll();
});
